/*
 * Between oracle.c, which understands and judges, and oracle_tables.c, which writes rows.
 */
#pragma once
#include "core/flow/facts.h"
#include "core/flow/kin.h"
#include "core/flow/match.h"
#include "tests/daemon/oracle.h"

/* A message as it was understood. */
struct seen {
	enum outcome outcome; /* NONE: has a touch, and is not decided yet */
	int64_t timestamp_us;
	const char *topic;
	struct reject reject;
	const char *reject_source;
	const struct event *event;
	struct identified who;
	struct facts facts;
	struct subject subject;
	struct match match;
	struct touch_line touch;
	bool stands;  /* there is a touch of it */
	bool states;  /* its facts hold */
	bool loose;   /* of an event that a withdrawal may have erased at some time */
	bool follows; /* a touch of the message before it on one more contact: no outcome of its own */
};

struct oracle {
	const struct plan *plan;
	const struct drive *drive;
	const struct contacts_model *model;
	struct matcher *matcher;
	struct arena *arena;
	struct tables *tables;
	struct tables *found; /* what there is */
	struct seen seen[4 * PLAN_MESSAGES_MAX];
	size_t count;
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	size_t consent_count;
	struct declared declared[ATTRIBUTE_COUNT * PLAN_MESSAGES_MAX];
	size_t declared_count;
	struct assertion assertions[FACTS_ASSERTIONS_MAX * PLAN_MESSAGES_MAX]; /* in their order */
	size_t assertion_count;
	const struct assertion *edges[FACTS_ASSERTIONS_MAX * PLAN_MESSAGES_MAX]; /* those that join somebody */
	size_t edge_count;
	/* those that say of a user id's address what follows from others */
	const struct assertion *follows[FACTS_ASSERTIONS_MAX * PLAN_MESSAGES_MAX];
	size_t follows_count;
};

/* Who is one with whom: works it out, and fills the tables of it. */
void oracle_join(struct oracle *oracle);
/* Everybody who is one with an actor, itself too, by id: the first names the contact. */
size_t oracle_person(const struct oracle *oracle, const struct uuid *actor,
		     struct uuid ret_ids[static KIN_ACTORS_MAX]);
/* Was it ever said that the two are one, or linked by such? */
bool oracle_is_linked(const struct oracle *oracle, const struct uuid *one, const struct uuid *other);
/* Adds all who were ever said to be one with somebody who refused to be known: which of their values are gone for good depends on
 * what was known when that was said. */
size_t oracle_exempt_linked(const struct oracle *oracle, struct uuid *ids, size_t count);
/* All that counts for an actor of what its person stated; how many. */
size_t oracle_consents_of(const struct oracle *oracle, const struct uuid *actor, struct consent *ret_consents);
bool oracle_has_consented(const struct oracle *oracle, const struct uuid *actor);
/* All claims on a weak actor by (at, event id), then what else there is to tell them apart. */
size_t oracle_claims_on(const struct oracle *oracle, const struct uuid *weak, struct claim *ret_claims);
/* The earliest moment of the session that runs up to c₁. */
int64_t oracle_session_begin(const struct oracle *oracle, const struct uuid *weak, int64_t claim_us);
/* Whose it is while nobody's consent is looked at, as who was claimed; NULL: nobody's by name. Until the next call. */
const struct uuid *oracle_person_on_weak(const struct oracle *oracle, const struct uuid *weak, int64_t at_us);
struct uuid oracle_contact_on_weak(const struct oracle *oracle, const struct uuid *weak, int64_t at_us);
/* False: nobody's, of a person without consent. */
bool oracle_contact_of(const struct oracle *oracle, const struct seen *seen, struct uuid *ret_contact);

/* Once copies are chosen: of events that a withdrawal may have erased, by what there is. */
void oracle_loosen(struct oracle *oracle);
/* Once facts are gathered: those that are erased stand no more. */
void oracle_erase(struct oracle *oracle);
/* Which clicks others show to be machines'. */
void oracle_time_clicks(struct oracle *oracle);
/* Could it have been a mail that was there before the click came, and is gone? */
bool oracle_may_have_gone(const struct seen *seen);
/* As they are found, where that is left open: is this actor, or subject, to be expected? */
bool oracle_has_actor(const struct oracle *oracle, const struct seen *seen, const struct uuid *actor);
bool oracle_has_subject(const struct oracle *oracle, const struct seen *seen);
/* Of such events' days, sources, sites and channels: what was written and what was not is one count. */
void oracle_merge_outcomes(const struct oracle *oracle, struct tables *tables);
/* Takes out of both what the order may decide about these persons: values that they declared. */
void oracle_forget_values(struct tables *tables, const struct uuid *exempt, size_t count);

void oracle_fill_touches(struct oracle *oracle);
void oracle_fill_persons(struct oracle *oracle);
void oracle_fill_subjects(struct oracle *oracle);
void oracle_fill_outcomes(struct oracle *oracle);
void oracle_fill_phases(struct oracle *oracle);
