/* SCREEN and what follows from it, as the stories of screen.txt tell it: each played by a whole batch in a small world. */
#include "core/flow/screen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/flow/attribute.h"
#include "core/flow/decode.h"
#include "core/flow/facts.h"
#include "core/flow/identify.h"
#include "daemon/recent.h"
#include "tests/daemon/drive.h"
#include "tests/daemon/plan.h"
#include "tests/table.h"

#define NINE_US INT64_C(1772442000000000) /* 2026-03-02 09:00 UTC */
#define MINUTE_US INT64_C(60000000)
#define KEEP ((size_t)4 * 1024 * 1024)
#define WORDS_MAX 24
#define LISTED_MAX 16

static struct world world;
static struct drive drive;
static struct plan plan;
static struct arena arena;

/* What was seen of the story's batch. */
struct seen {
	unsigned line;
	const char *story;
	struct uuid refolded[LISTED_MAX], erasing[LISTED_MAX];
	size_t refolded_count, erasing_count;
	const char *ids[PLAN_MESSAGES_MAX];
	enum outcome outcomes[PLAN_MESSAGES_MAX];
	size_t outcome_count;
	struct phase_line before[PLAN_MESSAGES_MAX]; /* the arbiters */
	size_t before_count;
	bool played;
	unsigned more_batches; /* of `then` */
};

static struct seen seen;

/* ---- who ---- */

/* One letter is a cookie, more are an address; user:… and crm:… are what they say. */
static struct uuid id_of(const char *name)
{
	if (strncmp(name, "user:", 5) == 0) {
		return identify_actor_id(&drive.key, ACTOR_USER, "nordlys",
					 arena_print(&arena, "user-%s", name + 5));
	}
	if (strncmp(name, "crm:", 4) == 0) {
		return identify_actor_id(&drive.key, ACTOR_CRM, "nordlys",
					 arena_print(&arena, "crm-%s", name + 4));
	}
	if (strlen(name) == 1) {
		return identify_actor_id(&drive.key, ACTOR_COOKIE, "nordlys",
					 arena_print(&arena, "cookie-%s", name));
	}
	return identify_actor_id(&drive.key, ACTOR_EMAIL, "", arena_print(&arena, "%s@firma.test", name));
}

static const char *name_of(const struct uuid *id)
{
	static const char *const names[] = {"a",	"b",	   "c",		 "ann",	    "bo",	"cilla",
					    "user:ann", "user:bo", "user:cilla", "crm:ann", "crm:cilla"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct uuid other = id_of(names[i]);
		if (uuid_equal(&other, id)) {
			return names[i];
		}
	}
	return "somebody";
}

/* ---- events ---- */

static int64_t minute(const char *word)
{
	return NINE_US + strtoll(word, NULL, 10) * MINUTE_US;
}

/* The stamp is the same in all copies: when the first of them says it happened. */
static int64_t stamp_of(const char *id, int64_t at_us)
{
	for (size_t i = 0; i < plan.count; i++) {
		if (strcmp(plan.messages[i].event->id, id) == 0) {
			return plan.messages[i].event->stamped_us;
		}
	}
	return at_us;
}

static void set_what(struct event *event, const char *what)
{
	if (strcmp(what, "alias") == 0 || strcmp(what, "join") == 0 || strcmp(what, "split") == 0) {
		event->action = ACTION_ALIAS;
		event->identity.verified = true;
		if (what[0] != 'a') {
			event->source = IDENTIFY_BY_HAND;
			event->channel = CHANNEL_CRM;
			event->label = what[0] == 's' ? FACTS_SPLIT : "";
		}
		return;
	}
	if (strncmp(what, "click", 5) == 0) {
		event->channel = CHANNEL_EMAIL;
		event->action = ACTION_EMAIL_CLICK;
		event->content.target_url = arena_print(&arena, "https://www.nordlys.test/offer/%s", what + 5);
		return;
	}
	event->action = strcmp(what, "form") == 0      ? ACTION_FORM_SUBMIT
			: strcmp(what, "consent") == 0 ? ACTION_CONSENT
						       : ACTION_PAGE_VIEW;
	event->content.url = arena_print(&arena, "https://www.nordlys.test/%s", what);
}

/* An identifier, or two actors by their ids: `of` one `and` another. False: none of these words. */
static bool set_who(struct event *event, const char *word, const char *who)
{
	char text[UUID_TEXT_SIZE];
	if (strcmp(word, "on") == 0) {
		event->identity.anonymous_id = arena_print(&arena, "cookie-%s", who);
	} else if (strcmp(word, "by") == 0) {
		event->identity.email = arena_print(&arena, "%s@firma.test", who);
	} else if (strcmp(word, "as") == 0) {
		event->identity.user_id = arena_print(&arena, "user-%s", who);
	} else if (strcmp(word, "record") == 0) {
		event->identity.crm_id = arena_print(&arena, "crm-%s", who);
	} else if (strcmp(word, "was") == 0) {
		event->identity.previous_id = arena_print(&arena, "user-%s", who);
	} else if (strcmp(word, "of") == 0) {
		struct uuid id = id_of(who);
		event->identity.has_email_actor = true;
		memcpy(event->identity.email_actor, id.bytes, sizeof(id.bytes));
	} else if (strcmp(word, "and") == 0) {
		struct uuid id = id_of(who);
		uuid_print(&id, text);
		event->identity.previous_id = arena_print(&arena, "%s", text);
	} else {
		return false;
	}
	return true;
}

static void add_event(char **words, size_t count)
{
	ck_assert_uint_gt(count, 1);
	struct event event = plan_blank();
	event.id = arena_print(&arena, "%s", words[0]);
	set_what(&event, words[1]);
	for (size_t i = 2; i < count; i++) {
		const char *word = words[i], *next = i + 1 < count ? words[i + 1] : "";
		if (strcmp(word, "grants") == 0) {
			event.consent.profile = STATEMENT_GRANTED;
		} else if (strcmp(word, "denies") == 0) {
			event.consent.profile = STATEMENT_DENIED;
		} else if (strcmp(word, "withdraws") == 0) {
			event.consent.profile = STATEMENT_WITHDRAWN;
		} else if (strcmp(word, "machine") == 0) {
			event.machine_reasons = MACHINE_USER_AGENT;
		} else if (strcmp(word, "agent") == 0) {
			event.party = PARTY_AGENT;
		} else if (strcmp(word, "verified") == 0) {
			event.identity.verified = true;
		} else {
			if (strcmp(word, "at") == 0) {
				event.occurred_us = minute(next);
			} else if (strcmp(word, "received") == 0) {
				event.received_us = minute(next);
			} else if (strcmp(word, "called") == 0) {
				event.identity.name = arena_print(&arena, "%s", next);
			} else if (!set_who(&event, word, next)) {
				ck_abort_msg("screen.txt:%u: what is \"%s\"?", seen.line, word);
			}
			i++;
		}
	}
	event.received_us = event.received_us != 0 ? event.received_us : event.occurred_us;
	event.stamped_us = stamp_of(event.id, event.occurred_us);
	plan_add(&plan, &event, &arena);
	const struct world_message *message = &plan.messages[plan.count - 1].message;
	world_produce(&world, (struct partition){0, 0}, message->bytes, message->size, message->form,
		      message->timestamp_us);
}

/* ---- playing ---- */

static enum world_fault watch(void *context, struct world_client *client, const char **code)
{
	(void)context;
	(void)code;
	const struct batch *batch = drive.daemons[0].batch;
	if (client->turn == WORLD_SAVE) {
		seen.refolded_count = seen.erasing_count = 0;
	}
	for (size_t i = 0; client->turn == WORLD_SAVE && i < batch->cast.count; i++) {
		const struct cast_member *member = &batch->cast.members[i];
		CHECK(seen.refolded_count < LISTED_MAX && seen.erasing_count < LISTED_MAX);
		if (member->refold) {
			seen.refolded[seen.refolded_count++] = member->id;
		}
		if (member->erases) {
			seen.erasing[seen.erasing_count++] = member->id;
		}
	}
	for (size_t i = 0; client->turn == WORLD_SAVE && i < batch->item_count; i++) {
		seen.ids[seen.outcome_count] =
			arena_print(&arena, "%s", batch->items[i].event != NULL ? batch->items[i].event->id : "");
		seen.outcomes[seen.outcome_count++] = batch->items[i].outcome;
	}
	return FAULT_NONE;
}

static void apply(void)
{
	ck_assert_msg(drive_drain(&drive), "screen.txt:%u: %s", seen.line, drive.wrong);
	double batches = counters_batches(&drive.daemons[0].counters);
	ck_assert_msg(batches <= 2 + seen.more_batches, "screen.txt:%u: %.0f batches", seen.line, batches);
}

/* From here on it is the batch. */
static void begin_batch(void)
{
	apply();
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_PHASE); i++) {
		seen.before[seen.before_count++] = *(struct phase_line *)tables_row(&world.tables, TABLE_PHASE, i);
	}
	world.fault = watch;
}

static void play(void)
{
	if (!seen.played) {
		apply();
		seen.played = true;
	}
}

static void begin_story(const char *title)
{
	unsigned line = seen.line;
	drive_stop(&drive);
	tables_clear(&world.tables);
	tables_forget_texts();
	arena_reset(&arena, KEEP);
	memset(&seen, 0, sizeof(seen));
	seen.line = line;
	seen.story = arena_print(&arena, "%s", title);
	plan.count = 0;
	drive_start(&drive, 1, 1);
	drive_refold_at_once(&drive);
	drive_count_claims(&drive, ATTRIBUTE_CLAIMS_MAX);
	drive.conf.batch.linger_ms = 1000;
	drive.daemons[0].batch->limit = drive.daemons[0].batch->limit_max = PLAN_MESSAGES_MAX;
	drive_rebalance(&drive, 0, false);
}

/* ---- what then is so ---- */

#define TELL(holds, ...) \
	do { \
		if (!(holds)) { \
			const char *what = arena_print(&arena, __VA_ARGS__); \
			ck_abort_msg("screen.txt:%u: %s: %s", seen.line, seen.story, what); \
		} \
	} while (0)

static void check_outcome(char **words, size_t count)
{
	TELL(count == 2, "outcome of what?");
	for (size_t i = seen.outcome_count; i-- > 0;) {
		if (strcmp(seen.ids[i], words[0]) == 0) {
			const char *name = outcome_about[seen.outcomes[i]].name;
			TELL(strcmp(name, words[1]) == 0, "%s is %s", words[0], name);
			return;
		}
	}
	TELL(false, "no %s in the batch", words[0]);
}

/* By the stretches that are stored, as the views join them. */
static const char *whose(const struct touch_line *touch, bool strong)
{
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_STRETCH); i++) {
		const struct stretch_line *row = tables_row(&world.tables, TABLE_STRETCH, i);
		if (uuid_equal(&row->actor_id, &touch->actor_id) && row->from_us <= touch->at_us &&
		    touch->at_us < row->to_us) {
			return name_of(&row->contact_id);
		}
	}
	return strong ? "nobody" : name_of(&touch->actor_id);
}

static void check_whose(char **words, size_t count)
{
	TELL(count == 2, "whose is what?");
	const struct event *event = NULL;
	for (size_t i = 0; i < plan.count; i++) {
		if (strcmp(plan.messages[i].event->id, words[0]) == 0) {
			event = plan.messages[i].event;
		}
	}
	TELL(event != NULL, "no %s", words[0]);
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_TOUCH); i++) {
		const struct touch_line *touch = tables_row(&world.tables, TABLE_TOUCH, i);
		if (touch->event_id == decode_event_id(event)) {
			const char *found = whose(touch, event->identity.anonymous_id[0] == '\0');
			TELL(strcmp(found, words[1]) == 0, "%s is %s's", words[0], found);
			return;
		}
	}
	TELL(false, "%s has no touch", words[0]);
}

static void check_begins(char **words, size_t count)
{
	TELL(count == 3, "when what begins?");
	struct uuid actor = id_of(words[0]), contact = id_of(words[1]);
	int64_t from_us = INT64_MAX;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_STRETCH); i++) {
		const struct stretch_line *row = tables_row(&world.tables, TABLE_STRETCH, i);
		if (uuid_equal(&row->actor_id, &actor) && uuid_equal(&row->contact_id, &contact) &&
		    row->from_us < from_us) {
			from_us = row->from_us;
		}
	}
	TELL(from_us == minute(words[2]), "%s's begins at minute %" PRId64, words[1],
	     (from_us - NINE_US) / MINUTE_US);
}

static bool has_touch(const char *id)
{
	for (size_t i = 0; i < plan.count; i++) {
		const struct event *event = plan.messages[i].event;
		for (size_t j = 0; strcmp(event->id, id) == 0 && j < tables_count(&world.tables, TABLE_TOUCH);
		     j++) {
			const struct touch_line *touch = tables_row(&world.tables, TABLE_TOUCH, j);
			if (touch->event_id == decode_event_id(event)) {
				return true;
			}
		}
	}
	return false;
}

static void check_gone(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		TELL(!has_touch(words[i]), "%s is there", words[i]);
	}
}

static bool is_named(char **words, size_t count, const struct uuid *id)
{
	for (size_t i = 0; i < count; i++) {
		struct uuid other = id_of(words[i]);
		if (uuid_equal(&other, id)) {
			return true;
		}
	}
	return false;
}

static int64_t version_before(const struct uuid *contact)
{
	for (size_t i = 0; i < seen.before_count; i++) {
		if (uuid_equal(&seen.before[i].contact_id, contact)) {
			return seen.before[i].version;
		}
	}
	return 0;
}

static void check_concerns(char **words, size_t count)
{
	size_t concerned = 0;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_PHASE); i++) {
		const struct phase_line *row = tables_row(&world.tables, TABLE_PHASE, i);
		TELL(strcmp(name_of(&row->contact_id), "somebody") != 0, "somebody was locked whom nobody named");
		int64_t rise = row->version - version_before(&row->contact_id);
		bool named = is_named(words, count, &row->contact_id);
		TELL(rise == (named ? 1 : 0), "%s got version + %" PRId64, name_of(&row->contact_id), rise);
		concerned += rise > 0;
	}
	TELL(concerned == (strcmp(words[0], "nobody") == 0 ? 0 : count), "%zu are concerned", concerned);
}

static void check_listed(const struct uuid *ids, size_t found, char **words, size_t count, const char *how)
{
	for (size_t i = 0; i < found; i++) {
		TELL(is_named(words, count, &ids[i]), "%s is %s", name_of(&ids[i]), how);
	}
	TELL(found == (strcmp(words[0], "nobody") == 0 ? 0 : count), "%zu are %s", found, how);
}

static void check_refolds(char **words, size_t count)
{
	check_listed(seen.refolded, seen.refolded_count, words, count, "refolded");
}

static void check_erases(char **words, size_t count)
{
	check_listed(seen.erasing, seen.erasing_count, words, count, "looked through for what is erased");
}

static void check_person(char **words, size_t count)
{
	TELL(count == 2, "which person?");
	struct contact_line key = {.id = id_of(words[0])};
	const struct contact_line *row = tables_find(&world.tables, TABLE_CONTACT, &key);
	TELL(row != NULL, "%s is a stranger", words[0]);
	const char *name = row->name == NULL ? "-" : row->name;
	TELL(strcmp(name, words[1]) == 0, "%s is called %s", words[0], name);
}

static void check_stranger(char **words, size_t count)
{
	TELL(count == 1, "which stranger?");
	struct contact_line key = {.id = id_of(words[0])};
	struct actor_line *actor = tables_find(&world.tables, TABLE_ACTOR, &key);
	TELL(tables_find(&world.tables, TABLE_CONTACT, &key) == NULL, "%s is none", words[0]);
	TELL(actor == NULL || actor->value == NULL, "%s has an address", words[0]);
}

/* The contact of each of a person's actors is the first named, and nobody else's is. */
static void check_one(char **words, size_t count)
{
	struct uuid contact = id_of(words[0]);
	size_t its = 0;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_KIN); i++) {
		const struct kin_line *row = tables_row(&world.tables, TABLE_KIN, i);
		if (uuid_equal(&row->contact_id, &contact)) {
			TELL(is_named(words, count, &row->actor_id), "%s is one of them", name_of(&row->actor_id));
			its++;
		}
	}
	TELL(its == count, "%zu are one with %s", its, words[0]);
}

/* One by itself. */
static void check_alone(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct kin_line key = {.actor_id = id_of(words[i])};
		TELL(tables_find(&world.tables, TABLE_KIN, &key) == NULL, "%s is one with somebody", words[i]);
	}
}

static void check_count(enum table table, char **words, size_t count)
{
	TELL(count == 1, "how many?");
	size_t rows = tables_count(&world.tables, table);
	TELL(rows == strtoul(words[0], NULL, 10), "%zu rows", rows);
}

static void check_counted(char **words, size_t count)
{
	TELL(count == 2, "how many of what?");
	int64_t n = 0;
	for (size_t i = 0; i < tables_count(&world.tables, TABLE_OUTCOME); i++) {
		const struct outcome_line *row = tables_row(&world.tables, TABLE_OUTCOME, i);
		n += strcmp(row->outcome, words[0]) == 0 ? row->n : 0;
	}
	TELL(n == strtoll(words[1], NULL, 10), "%" PRId64 " are %s", n, words[0]);
}

static void check_claims(char **words, size_t count)
{
	check_count(TABLE_CLAIM, words, count);
}

static void check_consents(char **words, size_t count)
{
	check_count(TABLE_CONSENT, words, count);
}

static void check_actors(char **words, size_t count)
{
	check_count(TABLE_ACTOR, words, count);
}

static void check_assertions(char **words, size_t count)
{
	check_count(TABLE_ASSERTION, words, count);
}

static void check_declared(char **words, size_t count)
{
	check_count(TABLE_DECLARED, words, count);
}

static const struct {
	const char *word;
	void (*check)(char **words, size_t count);
} checks[] = {
	{"outcome", check_outcome}, {"whose", check_whose},	  {"concerns", check_concerns},
	{"refolds", check_refolds}, {"person", check_person},	  {"stranger", check_stranger},
	{"claims", check_claims},   {"consents", check_consents}, {"declared", check_declared},
	{"gone", check_gone},	    {"begins", check_begins},	  {"counted", check_counted},
	{"one", check_one},	    {"alone", check_alone},	  {"assertions", check_assertions},
	{"actors", check_actors},   {"erases", check_erases},
};

/* ---- reading ---- */

static void read_line(const char *word, char **words, size_t count)
{
	if (strcmp(word, "stored") == 0 || strcmp(word, "batch") == 0) {
		if (word[0] == 'b' && world.fault == NULL) {
			begin_batch();
		}
		add_event(words, count);
		return;
	}
	if (strcmp(word, "then") == 0) { /* what comes next is stored by another batch */
		CHECK(count > 2 && strcmp(words[0], "stored") == 0);
		apply();
		seen.more_batches++;
		add_event(words + 1, count - 1);
		return;
	}
	if (strcmp(word, "forgetting") == 0) {
		CHECK(strcmp(words[0], "events") == 0);
		apply();
		recent_destroy(drive.crews[0].recent);
		drive.crews[0].recent = recent_create();
		CHECK(drive.crews[0].recent != NULL);
		return;
	}
	if (strcmp(word, "counting") == 0) {
		drive_count_claims(&drive, strtoul(words[0], NULL, 10));
		return;
	}
	if (strcmp(word, "erased") == 0) {
		CHECK(count >= 2);
		struct erasure_line row = {id_of(words[0]), INT64_MIN, minute(words[1]), 0};
		if (count == 4) {
			ck_assert_str_eq(words[2], "below");
			row.below = strtol(words[3], NULL, 10);
		} else if (count == 3) {
			row.from_us = minute(words[1]);
			row.at_us = minute(words[2]);
		} else {
			ck_assert_uint_eq(count, 2);
		}
		CHECK(tables_insert(&world.tables, TABLE_ERASURE, &row));
		return;
	}
	play();
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		if (strcmp(checks[i].word, word) == 0) {
			checks[i].check(words, count);
			return;
		}
	}
	ck_abort_msg("screen.txt:%u: what is \"%s\"?", seen.line, word);
}

START_TEST(every_story_of_screen_txt_comes_true)
{
	char line[512];
	unsigned stories = 0;
	log_start(LOG_LEVEL_ERROR);
	CHECK(arena_init(&arena, (size_t)64 * 1024 * 1024));
	drive_init(&drive, &world);
	FILE *file = fopen("tests/flow/screen.txt", "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *words[WORDS_MAX], *rest = line;
		size_t count = 0;
		seen.line++;
		if (line[0] == '#' || line[0] == '\n') {
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\t') {
			begin_story(line);
			stories++;
			continue;
		}
		for (char *word = strsep(&rest, " \t"); word != NULL; word = strsep(&rest, " \t")) {
			if (*word != '\0') {
				CHECK(count < WORDS_MAX);
				words[count++] = word;
			}
		}
		ck_assert_uint_gt(count, 1);
		read_line(words[0], words + 1, count - 1);
	}
	fclose(file);
	ck_assert_uint_gt(stories, 30);
}
END_TEST

TEST_MAIN("screen", every_story_of_screen_txt_comes_true)
