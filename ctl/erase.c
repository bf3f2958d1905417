/*
 * phasectl erase: everything that is held about whoever goes by an address, in one transaction under the arbiters' locks; and in the
 * ledger and on the topic of erasures, so that neither a replay nor a backup brings them back.
 *
 * The order rests on this: the topic has all rows before COMMIT. Whatever fails before leaves the database as it was, and the same command
 * does it all again; whatever was sent already is true all the same, since somebody asked for it, and a daemon that starts applies it.
 */
#include "ctl/erase.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/edge/store.h"
#include "core/flow/erasing.h"
#include "ctl/audit_note.h"
#include "ctl/contact_word.h"
#include "ctl/json_line.h"
#include "ctl/progress.h"

#define TRIES_MAX 10		       /* somebody else was at one of the contacts, or a claim came in between */
#define VERIFY_MS_MAX (60 * 60 * 1000) /* every text of every table is looked at */

static struct {
	bool verify, json;
} asked;

static const struct option_about options[] = {
	{"verify", NULL, OPTION_FLAG, &asked.verify, 0, 0,
	 "only look whether anything is left of whoever was erased"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "a JSON object"},
	{0},
};

struct erasing {
	struct ctl *ctl;
	struct postgres *postgres;
	struct erase_person person;
	const char *positions;
	struct erase erase;
	struct progress progress;
	/* what became of it */
	size_t whole, shared; /* weak actors */
	int64_t rejects, erased_us;
};

static bool turn(struct erasing *erasing, double part, const char *what, struct fail *fail)
{
	progress_show(&erasing->progress, part, "%s", what);
	return progress_turn(&erasing->progress, erasing->postgres, fail);
}

static bool no_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "what it concerns does not fit into memory");
}

/* ---- who is concerned, locked ---- */

static bool is_same_person(const struct erase_person *person, const struct erase *erase)
{
	return person->count == erase->actor_count &&
	       memcmp(person->ids, erase->actors, person->count * sizeof(*person->ids)) == 0;
}

/* False with fail->kind FAIL_RETRY: somebody is concerned who is not locked, or another is one with them than was. */
static bool lock(struct erasing *erasing, struct fail *fail)
{
	struct erase *erase = &erasing->erase;
	bool more;
	if (!erase_ask(erasing->postgres, erase, fail) || !turn(erasing, .1, "who is concerned", fail)) {
		return false;
	}
	if (!erasing_concern(erase)) {
		return no_memory(fail);
	}
	if (!erase_lock(erasing->postgres, erase, fail) || !turn(erasing, .2, "locking", fail) ||
	    !erase_person_find(erasing->ctl, erasing->postgres, &erasing->person, fail)) {
		return false;
	}
	if (!erasing_concerns_more(erase, &more)) {
		return no_memory(fail);
	}
	return (!more && is_same_person(&erasing->person, erase)) ||
	       fail_set(fail, FAIL_RETRY, EXIT_AWAY, "somebody else is concerned by now");
}

/* ---- what goes ---- */

/* Actors that go whole, and those of which stretches do. */
static void count_actors(struct erasing *erasing)
{
	const struct erase *erase = &erasing->erase;
	size_t whole = 0;
	for (size_t i = 0; i < erase->ledger_count; i++) {
		whole += erase->ledger[i].from_us == INT64_MIN ? 1 : 0;
	}
	erasing->whole = whole - erasing->person.count;
	erasing->shared = erase->actor_count - whole;
}

static bool plan(struct erasing *erasing, struct fail *fail)
{
	struct erase *erase = &erasing->erase;
	if (!erase_measure(erasing->postgres, erase, fail) || !turn(erasing, .3, "what is theirs", fail)) {
		return false;
	}
	erasing->erased_us = moment_now_us();
	if (!erasing_plan(erase, erasing->erased_us, erasing->positions)) {
		return no_memory(fail);
	}
	count_actors(erasing);
	return true;
}

static bool drop(struct erasing *erasing, struct fail *fail)
{
	struct erase *erase = &erasing->erase;
	if (!erase_drop(erasing->postgres, erase, fail) || !turn(erasing, .5, "touches and facts", fail)) {
		return false;
	}
	if (!erasing_join(erase)) {
		return no_memory(fail);
	}
	if (!erase_join(erasing->postgres, erase, fail) || !turn(erasing, .6, "who stays", fail)) {
		return false;
	}
	if (!erasing_derive(erase)) {
		return no_memory(fail);
	}
	return erase_write(erasing->postgres, erase, fail) && turn(erasing, .7, "all that follows", fail) &&
	       erase_rejects(erasing->ctl, erasing->postgres, &erasing->person, erase->actors, erase->actor_count,
			     &erasing->rejects, fail);
}

static int64_t all_touches(const struct erase *erase)
{
	return erase->touches + erase->rows[ERASE_touch_actor_id];
}

/* Of everything else that is somebody's. */
static int64_t other_rows(const struct erase *erase)
{
	int64_t rows = erase->facts - erase->rows[ERASE_touch_actor_id];
	for (size_t i = 0; i < ERASE_HELD_COUNT; i++) {
		rows += erase->rows[i];
	}
	return rows;
}

static bool finish(struct erasing *erasing, struct fail *fail)
{
	struct erase *erase = &erasing->erase;
	progress_show(&erasing->progress, .9, "the topic of erasures");
	if (!erase_publish(erasing->ctl, erase->kept, erase->kept_count, fail)) {
		fail->kind = FAIL_FATAL; /* it has waited for the brokers as long as it waits */
		return false;
	}
	return audit_note_add(erasing->ctl, erasing->postgres, "erase", "", fail,
			      "{\"identifiers\":%zu,\"browsers\":%zu,\"shared\":%zu,\"touches\":%" PRId64
			      ",\"rows\":%" PRId64 ",\"rejects\":%" PRId64 "}",
			      erasing->person.count, erasing->whole, erasing->shared, all_touches(erase),
			      other_rows(erase), erasing->rejects) &&
	       erase_commit(erasing->postgres, fail) && turn(erasing, 1, "committing", fail);
}

/* ---- the transaction ---- */

static bool try(struct erasing *erasing, struct fail *fail)
{
	if (!erase_begin(erasing->postgres, fail) ||
	    !erase_person_find(erasing->ctl, erasing->postgres, &erasing->person, fail)) {
		return false;
	}
	erasing->erase = (struct erase){.arena = &erasing->ctl->arena,
					.actors = erasing->person.ids,
					.actor_count = erasing->person.count};
	return lock(erasing, fail) && plan(erasing, fail) && drop(erasing, fail) && finish(erasing, fail);
}

/* What a try has taken of the arena is given back. */
static bool erase_all(struct erasing *erasing, struct fail *fail)
{
	struct arena *arena = &erasing->ctl->arena;
	for (unsigned i = 0;; i++) {
		size_t mark = arena->used;
		if (try(erasing, fail)) {
			return true;
		}
		struct fail ignored;
		if (postgres_state(erasing->postgres) != POSTGRES_IDLE ||
		    !erase_rollback(erasing->postgres, &ignored) || !ctl_turn(erasing->postgres, &ignored) ||
		    fail->kind != FAIL_RETRY || i + 1 == TRIES_MAX) {
			return false;
		}
		arena_back(arena, mark);
	}
}

static void print(const struct erasing *erasing)
{
	const struct erase *erase = &erasing->erase;
	if (asked.json) {
		json_line_print(json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:o}", "identifiers",
					  (int)erasing->person.count, "browsers", (int)erasing->whole, "shared",
					  (int)erasing->shared, "touches", (json_int_t)all_touches(erase), "rows",
					  (json_int_t)other_rows(erase), "rejects", (json_int_t)erasing->rejects,
					  "erased_at", json_line_moment(erasing->erased_us)),
				0);
		return;
	}
	printf("erased: %zu identifier%s, %zu browser%s, part of %zu shared one%s\n", erasing->person.count,
	       erasing->person.count == 1 ? "" : "s", erasing->whole, erasing->whole == 1 ? "" : "s",
	       erasing->shared, erasing->shared == 1 ? "" : "s");
	printf("        %" PRId64 " touches, %" PRId64 " other rows, %" PRId64 " rejected messages\n",
	       all_touches(erase), other_rows(erase), erasing->rejects);
	printf("in the ledger and on topic %s: neither a replay nor a backup brings them back\n",
	       erasing->ctl->conf.kafka.topic[CONF_ERASURE]);
}

/* Plans that go by keys, and limits of how long is waited. */
static bool settle(struct erasing *erasing, struct fail *fail)
{
	struct store *store =
		store_create(erasing->postgres, (unsigned)erasing->ctl->conf.postgres.reply_ms_max, fail);
	bool good = store != NULL && store_settle(store, fail) && postgres_wait(erasing->postgres, fail);
	store_destroy(store);
	return good;
}

static int run(struct ctl *ctl)
{
	struct erasing erasing = {.ctl = ctl};
	struct fail fail;
	int exit_code = EXIT_DONE;
	bool good = ctl_read_conf_for_kafka(ctl, &fail) && erase_person_read(ctl, &erasing.person, &fail);
	unsigned reply_ms_max = asked.verify ? VERIFY_MS_MAX : (unsigned)ctl->conf.postgres.reply_ms_max;
	erasing.postgres = good ? ctl_connect_to_schema_for(ctl, reply_ms_max, &fail) : NULL;
	good = erasing.postgres != NULL && contact_word_key_fits(ctl, erasing.postgres, &fail);
	good = good && (!asked.verify || erase_person_find(ctl, erasing.postgres, &erasing.person, &fail));
	if (good && asked.verify) {
		exit_code = erase_verify(ctl, erasing.postgres, &erasing.person, asked.json);
	} else if (good) {
		progress_begin(&erasing.progress, "erase", false);
		erasing.positions = erase_positions(ctl, &fail);
		good = erasing.positions != NULL && settle(&erasing, &fail) && erase_all(&erasing, &fail);
		progress_end(&erasing.progress);
	}
	postgres_destroy(erasing.postgres);
	if (!good) {
		exit_code = ctl_give_up(ctl, &fail);
	} else if (!asked.verify) {
		print(&erasing);
	}
	erase_person_finish(&erasing.person);
	return exit_code;
}

const struct command erase_command = {
	.words = "erase",
	.summary = "erase whoever goes by an address on stdin, for ever",
	.details = "One transaction: all that is held of them, of their browsers and, of a browser that others "
		   "use as "
		   "well,\nwhat was theirs. What happened up to now is refused for ever, by the ledger and by the "
		   "topic "
		   "of\nerasures. Needs phased_privacy, Kafka and the identity key. With --verify: nothing is "
		   "changed; "
		   "exit 1\nwhere something is left.",
	.options = options,
	.run = run,
};
