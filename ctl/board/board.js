/* The why of a point beside the picture, without leaving it. Without this the link leads to a page that says the same. */
'use strict';
let last; /* what was asked last: an answer to anything before comes too late */
document.addEventListener('click', async (event) => {
	const point = event.target.closest('a.point');
	const detail = document.getElementById('detail');
	if (!point || !detail || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) {
		return;
	}
	const url = point.getAttribute('href');
	last = url;
	event.preventDefault();
	try {
		const answer = await fetch(`${url}&part=1`);
		if (!answer.ok) {
			throw new Error(answer.status);
		}
		const text = await answer.text();
		if (last !== url) {
			return;
		}
		const part = new DOMParser().parseFromString(text, 'text/html');
		detail.replaceChildren(...part.body.childNodes);
		document.querySelector('a.point[aria-current]')?.removeAttribute('aria-current');
		point.setAttribute('aria-current', 'true');
		detail.focus();
	} catch {
		if (last === url) {
			location.assign(url);
		}
	}
});
