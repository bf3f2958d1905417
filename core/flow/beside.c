#include "core/flow/beside.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/uuid.h"

static enum thread_act act_of(const struct event *event)
{
	switch (event->action) {
	case ACTION_CHAT_STARTED:
		return ACT_STARTED;
	case ACTION_CHAT_MESSAGE:
		return ACT_MESSAGE;
	case ACTION_CHAT_ASSIGNED:
		return ACT_ASSIGNED;
	case ACTION_CHAT_CLOSED:
		return ACT_CLOSED;
	case ACTION_CHAT_RATED:
		return ACT_RATED;
	case ACTION_CUSTOM:
		return strcmp(event->label, BESIDE_REOPENED) == 0 ? ACT_REOPENED : ACT_NONE;
	default:
		return ACT_NONE;
	}
}

/* Does it tell who somebody is, beside which conversation it is? */
static bool names_somebody(const struct event *event)
{
	const char *const names[] = {
		event->identity.anonymous_id, event->identity.visitor_id, event->identity.recipient_id,
		event->identity.user_id,      event->identity.crm_id,	  event->identity.previous_id,
	};
	bool names_one = strchr(event->thread_id, '@') != NULL;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		names_one = names_one || strcmp(event->thread_id, names[i]) == 0;
	}
	return names_one;
}

static const char *thread_of(const struct event *event, const struct identity_key *key, struct arena *arena)
{
	if (!names_somebody(event)) {
		return event->thread_id;
	}
	char text[UUID_TEXT_SIZE];
	struct uuid id = identify_actor_id(key, ACTOR_VISITOR, event->site, event->thread_id);
	uuid_print(&id, text);
	return arena_text(arena, text, strlen(text));
}

/* What is no code of three letters says nothing. */
static void set_currency(const struct event *event, char ret_currency[static 4])
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz", capital[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (unsigned i = 0; i < event->properties_count; i++) {
		const char *value = event->properties[i].value;
		if (strcmp(event->properties[i].key, "currency") != 0 || strlen(value) != 3) {
			continue;
		}
		for (unsigned j = 0; j < 3; j++) {
			const char *letter = strchr(small, value[j]);
			if (letter != NULL) {
				ret_currency[j] = capital[letter - small];
			} else {
				ret_currency[j] = value[j];
			}
		}
		if (strspn(ret_currency, capital) != 3) {
			ret_currency[0] = '\0';
		}
		return;
	}
}

bool beside_of_event(const struct event *event, const struct identity_key *key, struct arena *arena,
		     const struct beside **ret_beside)
{
	bool is_chat = event->channel == CHANNEL_CHAT && event->thread_id[0] != '\0';
	enum thread_act act = is_chat ? act_of(event) : ACT_NONE;
	bool has_cost = event->channel == CHANNEL_OFFLINE && event->has_value && isfinite(event->value) &&
			event->value >= 0 && event->value <= BESIDE_COST_MAX;
	*ret_beside = NULL;
	if (act == ACT_NONE && !has_cost) {
		return true;
	}
	struct beside *beside = arena_zero(arena, 1, sizeof(*beside));
	if (beside == NULL) {
		return false;
	}
	bool is_rated = act == ACT_RATED && event->has_rating && event->rating >= 0 && event->rating <= 100;
	beside->act = act;
	beside->thread = act != ACT_NONE ? thread_of(event, key, arena) : "";
	beside->rating = is_rated ? event->rating + 0.0 : (double)NAN; /* -0 is 0 */
	beside->has_cost = has_cost;
	beside->amount = has_cost ? event->value + 0.0 : 0;
	if (has_cost) {
		set_currency(event, beside->currency);
	}
	*ret_beside = beside;
	return beside->thread != NULL;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int beside_compare(const struct beside *a, const struct beside *b)
{
	static const struct beside nothing = {.thread = "", .rating = (double)NAN};
	a = a != NULL ? a : &nothing;
	b = b != NULL ? b : &nothing;
	int order = strcmp(a->thread, b->thread);
	if (order == 0) {
		order = ORDER(isnan(a->rating) ? -1 : a->rating, isnan(b->rating) ? -1 : b->rating);
	}
	if (order == 0) {
		order = ORDER(a->has_cost ? a->amount : -1, b->has_cost ? b->amount : -1);
	}
	return order != 0 ? order : strcmp(a->currency, b->currency);
}
