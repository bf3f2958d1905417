/* The why of a point beside the picture, without leaving it. Without this the link leads to a page that says the same. */
'use strict';
document.addEventListener('click', async (event) => {
	const point = event.target.closest('a.point');
	const detail = document.getElementById('detail');
	if (!point || !detail || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) {
		return;
	}
	const url = point.getAttribute('href');
	event.preventDefault();
	try {
		const answer = await fetch(`${url}&part=1`);
		if (!answer.ok) {
			throw new Error(answer.status);
		}
		const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
		detail.replaceChildren(...part.body.childNodes);
		document.querySelector('a.point[aria-current]')?.removeAttribute('aria-current');
		point.setAttribute('aria-current', 'true');
		detail.focus();
	} catch {
		location.assign(url);
	}
});
