#include "ctl/known.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"
#include "core/flow/attribute.h"

#define CLAIMS_MAX 10000
#define TIMES_MAX 200000

/* Whose times lie where in the one array of all. */
struct times_of {
	struct uuid actor_id;
	size_t first, count;
};

struct known {
	struct arena *arena;
	struct uuid contact;
	struct claim *claims; /* by weak actor, then in the order of attribution */
	size_t claim_count;
	struct consent *consents; /* by person */
	size_t consent_count;
	int64_t *times_us;	 /* of the touches of weak actors, by actor and time */
	struct times_of *actors; /* those that have touches, in order */
	size_t actor_count;
	struct known_span *spans;
	size_t span_count;
};

/* All claims on whoever was claimed for this contact, or on the contact itself. */
static const struct postgres_statement read_claims = {
	.name = "read_claims",
	.sql = "SELECT c.weak, c.strong, c.stamped, c.event, c.at FROM report.claim c WHERE c.received <= $2 AND "
	       "(c.weak = "
	       "$1 OR c.weak IN (SELECT k.weak FROM report.claim k WHERE k.strong = $1 AND k.received <= $2)) "
	       "LIMIT 10001",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_TIMESTAMPTZ, false}},
};
_Static_assert(CLAIMS_MAX == 10000, "read_claims asks for one more");
static const struct postgres_statement read_consents = {
	.name = "read_consents",
	.sql = "SELECT c.person, c.stamped, c.event, c.at, c.state FROM report.consent c WHERE c.person = ANY "
	       "($1) AND "
	       "c.received <= $2 ORDER BY c.person",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, true}, {POSTGRES_TIMESTAMPTZ, false}},
};
static const struct postgres_statement read_times = {
	.name = "read_times",
	.sql = "SELECT r.actor_id, r.at FROM report.recorded r WHERE r.actor_id = ANY ($1) AND r.received <= $2 "
	       "ORDER BY "
	       "r.actor_id, r.at LIMIT 200001",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, true}, {POSTGRES_TIMESTAMPTZ, false}},
};
_Static_assert(TIMES_MAX == 200000, "read_times asks for one more");

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "what was known then does not fit into memory");
}

/* ---- Reading ---- */

static int compare_claims(const void *a, const void *b)
{
	int order = uuid_compare(&((const struct claim *)a)->weak, &((const struct claim *)b)->weak);
	return order != 0 ? order : attribute_compare_claims(a, b);
}

static bool on_claims(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct known *known = context;
	size_t count = postgres_count(rows);
	if (count > CLAIMS_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"more than %d claims: no browser of so many is anybody's", CLAIMS_MAX);
	}
	known->claims = arena_zero(known->arena, count + 1, sizeof(*known->claims));
	if (known->claims == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < count; i++) {
		struct claim *claim = &known->claims[i];
		claim->weak = postgres_uuid(rows, i, 0);
		claim->strong = postgres_uuid(rows, i, 1);
		claim->key.stamped_us = postgres_moment(rows, i, 2);
		claim->key.event_id = (uint64_t)postgres_int(rows, i, 3);
		claim->at_us = postgres_moment(rows, i, 4);
	}
	if (count > 0) {
		qsort(known->claims, count, sizeof(*known->claims), compare_claims);
	}
	known->claim_count = count;
	return true;
}

static bool on_consents(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct known *known = context;
	known->consent_count = postgres_count(rows);
	known->consents = arena_zero(known->arena, known->consent_count + 1, sizeof(*known->consents));
	if (known->consents == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < known->consent_count; i++) {
		struct consent *consent = &known->consents[i];
		consent->actor_id = postgres_uuid(rows, i, 0);
		consent->purpose = PURPOSE_PROFILE;
		consent->key.stamped_us = postgres_moment(rows, i, 1);
		consent->key.event_id = (uint64_t)postgres_int(rows, i, 2);
		consent->at_us = postgres_moment(rows, i, 3);
		consent->state = (int)postgres_int(rows, i, 4);
	}
	return true;
}

static bool on_times(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct known *known = context;
	size_t count = postgres_count(rows);
	if (count > TIMES_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"more than %d touches of the browsers that somebody was claimed for: too many to "
				"tell whose they were",
				TIMES_MAX);
	}
	known->times_us = arena_array(known->arena, count + 1, sizeof(*known->times_us));
	known->actors = arena_array(known->arena, known->claim_count + 1, sizeof(*known->actors));
	if (known->times_us == NULL || known->actors == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < count; i++) {
		struct uuid actor_id = postgres_uuid(rows, i, 0);
		struct times_of *last = known->actor_count > 0 ? &known->actors[known->actor_count - 1] : NULL;
		if (last == NULL || !uuid_equal(&last->actor_id, &actor_id)) {
			CHECK(known->actor_count < known->claim_count);
			last = &known->actors[known->actor_count++];
			*last = (struct times_of){.actor_id = actor_id, .first = i};
		}
		last->count++;
		known->times_us[i] = postgres_moment(rows, i, 1);
	}
	return true;
}

/* ---- Attribution ---- */

static size_t weak_end(const struct known *known, size_t at)
{
	size_t end = at;
	while (end < known->claim_count && uuid_equal(&known->claims[end].weak, &known->claims[at].weak)) {
		end++;
	}
	return end;
}

/* A person's statements are together. */
static bool consented(const void *context, const struct uuid *strong)
{
	const struct known *known = context;
	size_t first = 0;
	while (first < known->consent_count && !uuid_equal(&known->consents[first].actor_id, strong)) {
		first++;
	}
	size_t end = first;
	while (end < known->consent_count && uuid_equal(&known->consents[end].actor_id, strong)) {
		end++;
	}
	return attribute_consent_state(known->consents + first, end - first, PURPOSE_PROFILE) == STATEMENT_GRANTED;
}

static int compare_actor(const void *id, const void *of)
{
	return uuid_compare(id, &((const struct times_of *)of)->actor_id);
}

/* Times of the touches of one weak actor, in order. */
static const int64_t *times_of(const struct known *known, const struct uuid *weak, size_t *ret_count)
{
	const struct times_of *found = known->actor_count == 0 ? NULL
							       : bsearch(weak, known->actors, known->actor_count,
									 sizeof(*known->actors), compare_actor);
	*ret_count = found != NULL ? found->count : 0;
	return known->times_us + (found != NULL ? found->first : 0);
}

/* The contact's stretches of a weak actor, by all claims on it. */
static bool add_weak(struct known *known, const struct claim *claims, size_t count)
{
	struct stretch *stretches = arena_array(known->arena, count + 2, sizeof(*stretches));
	if (stretches == NULL) {
		return false;
	}
	size_t time_count;
	const int64_t *times = times_of(known, &claims[0].weak, &time_count);
	size_t found = attribute_stretches(&claims[0].weak, claims, count, times, time_count, consented, known,
					   stretches);
	for (size_t i = 0; i < found; i++) {
		if (uuid_equal(&stretches[i].contact_id, &known->contact)) {
			known->spans[known->span_count++] = (struct known_span){
				claims[0].weak, stretches[i].from_us, stretches[i].to_us, false};
		}
	}
	return true;
}

static bool attribute(struct known *known)
{
	bool claimed = false;
	known->spans = arena_array(known->arena, 3 * known->claim_count + 1, sizeof(*known->spans));
	if (known->spans == NULL) {
		return false;
	}
	for (size_t at = 0, end; at < known->claim_count; at = end) {
		end = weak_end(known, at);
		claimed = claimed || uuid_equal(&known->claims[at].weak, &known->contact);
		if (!add_weak(known, known->claims + at, end - at)) {
			return false;
		}
	}
	if (!claimed) { /* its own: a person's who has consented, or a browser's that nobody was claimed on */
		known->spans[known->span_count++] = (struct known_span){known->contact, INT64_MIN, INT64_MAX,
									!consented(known, &known->contact)};
	}
	return true;
}

/* ---- The whole ---- */

/* Of each claim whom it was made on; or the contact's own id, and of each claim whom it names. */
static bool ids_of(const struct known *known, bool weak, struct postgres_value *ret_value)
{
	struct postgres_array array;
	postgres_array_init(&array, known->arena, POSTGRES_UUID, known->claim_count + 1);
	if (!weak) {
		postgres_array_uuid(&array, &known->contact);
	}
	for (size_t i = 0; i < known->claim_count; i++) {
		postgres_array_uuid(&array, weak ? &known->claims[i].weak : &known->claims[i].strong);
	}
	return postgres_array_value(&array, ret_value);
}

bool known_spans(struct ctl *ctl, struct postgres *postgres, const struct uuid *contact, int64_t known_us,
		 struct known_span **ret_spans, size_t *ret_count, struct fail *fail)
{
	struct known known = {.arena = &ctl->arena, .contact = *contact};
	struct postgres_value values[2];
	if (!postgres_value_uuid(contact, &values[0]) ||
	    !postgres_value_moment(known.arena, known_us, &values[1])) {
		return no_room(fail);
	}
	if (!postgres_add(postgres, &read_claims, values, on_claims, &known, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	struct postgres_value persons[2] = {[1] = values[1]}, actors[2] = {[1] = values[1]};
	if (!ids_of(&known, false, &persons[0]) || !ids_of(&known, true, &actors[0])) {
		return no_room(fail);
	}
	if (!postgres_add(postgres, &read_consents, persons, on_consents, &known, fail) ||
	    !postgres_add(postgres, &read_times, actors, on_times, &known, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	if (!attribute(&known)) {
		return no_room(fail);
	}
	*ret_spans = known.spans;
	*ret_count = known.span_count;
	return true;
}
