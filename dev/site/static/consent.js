/*
 * The visitor's choice about analytics, and the tracker that follows from it.
 *
 * Nothing of the tracker is loaded, set or sent before the visitor grants analytics; from then on every event says so itself, in
 * the entity `gdpr`. A choice taken back removes the tracker's cookies and queue and loads the page afresh, without it.
 */
(() => {
	'use strict';
	const config = window.SITE_CONFIG;
	const choice_key = 'nordlys-analytics';
	const banner = document.querySelector('.consent');
	const consent = {
		schema: 'iglu:com.snowplowanalytics.snowplow/gdpr/jsonschema/1-0-0',
		data: { basisForProcessing: 'consent', documentId: 'nordlys-privacy', documentVersion: '1' },
	};

	const load = (name) => new Promise((done, failed) => {
		const script = document.createElement('script');
		script.src = `/tracker/${name}.js`;
		script.onload = done;
		script.onerror = () => failed(new Error(`${name} did not load`));
		document.head.append(script);
	});

	const say = (state) => {
		document.documentElement.dataset.tracking = state;
		document.querySelector('[data-tracking-state]').textContent = state;
	};

	const start = async () => {
		await Promise.all(['tracker', 'form-tracking', 'link-click-tracking', 'button-click-tracking'].map(load));
		const tracker = window.snowplowBrowserTracking;
		tracker.newTracker('sp', config.collector, {
			appId: config.appId,
			platform: 'web',
			eventMethod: config.method,
			keepalive: true,
			discoverRootDomain: false,
			cookieSameSite: 'Lax',
			cookieSecure: location.protocol === 'https:',
			contexts: { session: true, webPage: true },
			plugins: [
				window.snowplowFormTracking.FormTrackingPlugin(),
				window.snowplowLinkClickTracking.LinkClickTrackingPlugin(),
				window.snowplowButtonClickTracking.ButtonClickTrackingPlugin(),
			],
		});
		tracker.addGlobalContexts([consent]);
		tracker.enableActivityTracking({ minimumVisitLength: 10, heartbeatDelay: 10 });
		tracker.trackPageView();
		window.snowplowFormTracking.enableFormTracking({ options: { forms: { denylist: ['untracked'] } } });
		window.snowplowLinkClickTracking.enableLinkClickTracking();
		window.snowplowButtonClickTracking.enableButtonClickTracking({ filter: { denylist: ['quiet'] } });
		say('on');
	};

	const forget = () => {
		for (const cookie of document.cookie.split('; ')) {
			const name = cookie.split('=')[0];
			if (name.startsWith('_sp_')) {
				document.cookie = `${name}=; Max-Age=0; Path=/`;
			}
		}
		for (const key of Object.keys(localStorage)) {
			if (key.startsWith('_sp_') || key.startsWith('snowplow')) {
				localStorage.removeItem(key);
			}
		}
	};

	const choose = (choice) => {
		const before = localStorage.getItem(choice_key);
		localStorage.setItem(choice_key, choice);
		banner.hidden = true;
		if (choice === 'granted' && before !== 'granted') {
			start().catch(() => say('blocked'));
		} else if (choice === 'denied' && before === 'granted') {
			location.reload();
		}
	};

	const open = () => {
		banner.hidden = false;
		banner.querySelector('button').focus({ preventScroll: true });
	};

	for (const button of document.querySelectorAll('[data-consent]')) {
		button.addEventListener('click', () => choose(button.dataset.consent));
	}
	document.querySelector('[data-consent-open]').addEventListener('click', open);

	if (localStorage.getItem(choice_key) === 'granted') {
		start().catch(() => say('blocked'));
	} else {
		forget();
		banner.hidden = localStorage.getItem(choice_key) === 'denied';
	}
})();
