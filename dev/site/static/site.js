/*
 * What moves on the site: the menu on a narrow screen, the forms' thanks, the film, the calculator. The site works without it.
 */
(() => {
	'use strict';
	const menu_button = document.querySelector('.menu-button');
	menu_button.addEventListener('click', () => {
		const open = menu_button.getAttribute('aria-expanded') !== 'true';
		menu_button.setAttribute('aria-expanded', String(open));
	});

	/* The form goes nowhere: the tracker has seen the submit, and the visitor stays on the page. */
	for (const form of document.querySelectorAll('form[data-thanks]')) {
		form.addEventListener('submit', (submit) => {
			submit.preventDefault();
			const thanks = form.querySelector('[role="status"]');
			thanks.textContent = form.dataset.thanks;
			thanks.hidden = false;
			form.querySelector('button[type="submit"]').disabled = true;
		});
	}

	for (const button of document.querySelectorAll('[data-film]')) {
		button.addEventListener('click', () => {
			button.closest('.film').classList.add('playing');
			button.disabled = true;
			if (document.documentElement.dataset.tracking === 'on') {
				window.snowplowBrowserTracking.trackStructEvent({
					category: 'video', action: 'play', label: button.dataset.film,
				});
			}
		});
	}

	const calculator = document.getElementById('spec-calculator');
	if (calculator) {
		const number = (name) => Number(calculator.elements[name].value);
		const text = (name, value) => { calculator.querySelector(`[data-out="${name}"]`).textContent = value; };
		const euros = (value) => new Intl.NumberFormat('en', {
			style: 'currency', currency: 'EUR', maximumFractionDigits: 0,
		}).format(value);

		const calculate = () => {
			const height_m = Math.max(number('height'), 1);
			const boats = Math.max(Math.round(number('boats')), 1);
			const ice = calculator.elements.ice.checked;
			const needs_array = ice || number('waters') >= 2;
			/* As the price list: Harbour, Coast, Ice. */
			const unit = ice ? 21400 : needs_array ? 17850 : 14350;
			const saved = number('hours') * 48 * 0.06 * 190 * boats;
			text('horizon', `${(2.21 * (Math.sqrt(height_m) + Math.sqrt(3))).toFixed(1)} NM`);
			text('array', needs_array ? '1.8 m open array' : '0.6 m dome');
			text('power', `${(needs_array ? 95 : 38) + 42 + 9} W at 24 V`);
			text('price', `${euros(unit)} a boat, ${euros(unit * boats * (boats >= 5 ? 0.92 : 1))} in all`);
			text('payback', saved > 0
				? `${Math.max(1, Math.round(12 * unit * boats / saved))} months, from waiting and rework avoided`
				: 'enter the hours at the quay to see it');
			calculator.querySelector('.result').hidden = false;
		};
		calculator.addEventListener('submit', (submit) => submit.preventDefault());
		document.getElementById('calculate').addEventListener('click', calculate);
	}
})();
