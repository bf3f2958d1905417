/*
 * Clicks that other touches show to be machines': of all touches that stand, or may have stood, and no others.
 */
#include <string.h>

#include "tests/daemon/oracle_inside.h"

static bool is_of_one_sender(const struct seen *a, const struct seen *b)
{
	return uuid_equal(&a->touch.actor_id, &b->touch.actor_id) &&
	       strcmp(a->subject.source, b->subject.source) == 0 && strcmp(a->subject.site, b->subject.site) == 0;
}

static bool same_link(const struct seen *a, const struct seen *b)
{
	return strcmp(a->subject.target_host, b->subject.target_host) == 0 &&
	       strcmp(a->subject.target_path, b->subject.target_path) == 0;
}

/* From the first to the last of them. */
static int64_t span_of(const struct seen *const *clicks, size_t count)
{
	int64_t first_us = INT64_MAX, last_us = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		int64_t stamped_us = clicks[i]->touch.stamped_us;
		first_us = stamped_us < first_us ? stamped_us : first_us;
		last_us = stamped_us > last_us ? stamped_us : last_us;
	}
	return last_us - first_us;
}

/* Too soon after its mail, or around a click on what nobody can see: a bit of MACHINE_FOUND, or nothing. */
static uint32_t said_of_click(const struct seen *click, const struct seen *other)
{
	int64_t after_us = click->touch.stamped_us - other->touch.stamped_us;
	int action = other->subject.action;
	if (!is_of_one_sender(click, other)) {
		return 0;
	}
	if (action == ACTION_EMAIL_CLICK && (other->touch.reasons & MACHINE_HONEYPOT) != 0) {
		return after_us >= -WORLD_HONEYPOT_US && after_us <= WORLD_HONEYPOT_US ? MACHINE_FOUND_TRAP : 0;
	}
	bool is_mail = action == ACTION_EMAIL_SENT || action == ACTION_EMAIL_DELIVERED;
	return is_mail && after_us >= 0 && after_us <= WORLD_TOO_SOON_US ? MACHINE_FOUND_SOON : 0;
}

/* Are clicks on three links of one sender's mails within so long, itself among them? By those that stand, and may have gone, too. */
static bool is_among_links(const struct oracle *oracle, const struct seen *click, bool with_gone)
{
	const struct seen *near[4 * PLAN_MESSAGES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *other = &oracle->seen[i];
		if (other->event != NULL && other->subject.action == ACTION_EMAIL_CLICK &&
		    (other->subject.target_host[0] != '\0' || other->subject.target_path[0] != '\0') &&
		    (other->stands || (with_gone && oracle_may_have_gone(other))) &&
		    is_of_one_sender(click, other)) {
			near[count++] = other;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			for (size_t k = 0; k < j; k++) {
				if (!same_link(near[i], near[j]) && !same_link(near[j], near[k]) &&
				    !same_link(near[i], near[k]) &&
				    span_of((const struct seen *[]){near[i], near[j], near[k], click}, 4) <=
					    WORLD_ALL_LINKS_US) {
					return true;
				}
			}
		}
	}
	return false;
}

/* Which copy stands and how it is counted does not go by it. One that was judged stays so when what said so goes. */
static void time_click(const struct oracle *oracle, struct seen *click)
{
	uint32_t found = is_among_links(oracle, click, false) ? MACHINE_FOUND_LINKS : 0;
	uint32_t may_be = is_among_links(oracle, click, true) ? MACHINE_FOUND_LINKS : 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *other = &oracle->seen[i];
		uint32_t said = other->event != NULL ? said_of_click(click, other) : 0;
		found |= other->stands ? said : 0;
		may_be |= said != 0 && oracle_may_have_gone(other) ? said : 0;
	}
	const struct touch_line *there = tables_find(oracle->found, TABLE_TOUCH, &click->touch);
	click->touch.reasons |= found | (there != NULL ? may_be & (uint32_t)there->reasons : 0);
}

void oracle_time_clicks(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct seen *click = &oracle->seen[i];
		if (click->stands && click->subject.action == ACTION_EMAIL_CLICK) {
			time_click(oracle, click);
		}
	}
}
