#include "daemon/eraser.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/erase.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "core/edge/store.h"
#include "core/flow/erasing.h"
#include "core/flow/erasure.h"
#include "core/flow/erasure_message.h"
#include "daemon/eraser_broken.h"

#define ARENA_SIZE ((size_t)256 * 1024 * 1024)
#define KEEP ((size_t)4 * 1024 * 1024)
#define SLICE_ROWS 256			      /* from so many on, no further message */
#define MESSAGE_ROWS_MAX 10000		      /* of ERASURE_MESSAGE_SIZE_MAX there are fewer */
#define SLICE_BYTES ((size_t)8 * 1024 * 1024) /* beside one message */
#define AGAIN_US MOMENT_SECOND_US

/* Which turn of PostgreSQL's is under way, or what comes next. */
enum stage {
	STAGE_READ,    /* the topic, until a slice is full or its end */
	STAGE_CONNECT, /* nothing under way */
	STAGE_SETTLE,
	STAGE_KNOWN, /* which rows are not known */
	STAGE_RAWS,  /* of rejected messages, some at a time */
	STAGE_ASK,   /* BEGIN, claims */
	STAGE_LOCK,
	STAGE_DROP,
	STAGE_JOIN,
	STAGE_WRITE, /* and COMMIT */
	STAGE_ROLLBACK,
	STAGE_END
};

struct eraser {
	struct eraser_options options;
	struct arena arena; /* a slice */
	enum stage stage;
	bool settled, under_way, at_end;
	bool some_left;	  /* of the slice, once these are applied */
	int64_t again_us; /* monotonic: not before */
	struct ledger_row rows[SLICE_ROWS + MESSAGE_ROWS_MAX];
	size_t row_count;
	size_t mark;	 /* of the arena: the slice's rows lie before */
	size_t rows_max; /* so many of the slice's are applied at once: fewer where that takes too long or too much */
	struct eraser_broken broken;
	struct erase erase;
	const char *why;
	size_t read, applied;
	struct log_limit away_limit, trouble_limit;
};

struct eraser *eraser_create(const struct eraser_options *options)
{
	struct eraser *eraser = calloc(1, sizeof(*eraser));
	if (eraser != NULL && !arena_init(&eraser->arena, ARENA_SIZE)) {
		free(eraser);
		eraser = NULL;
	}
	if (eraser != NULL) {
		eraser->options = *options;
		eraser->rows_max = SIZE_MAX;
		eraser->why = "waiting for the topic of erasures\n";
	}
	return eraser;
}

void eraser_destroy(struct eraser *eraser)
{
	if (eraser != NULL) {
		kafka_log_destroy(eraser->options.log);
		arena_finish(&eraser->arena);
		free(eraser);
	}
}

const char *eraser_why(const struct eraser *eraser)
{
	return eraser->why;
}

int eraser_log_fd(const struct eraser *eraser)
{
	return eraser->stage == STAGE_READ ? kafka_log_fd(eraser->options.log) : -1;
}

int eraser_store_fd(const struct eraser *eraser)
{
	return eraser->under_way ? postgres_fd(eraser->options.postgres) : -1;
}

bool eraser_wants_write(const struct eraser *eraser)
{
	return postgres_wants_write(eraser->options.postgres);
}

static bool no_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_DATA, EXIT_OUR_BUG, "erasures: what they concern does not fit into memory");
}

/* ---- reading ---- */

static bool take(struct eraser *eraser, const struct kafka_log_message *message, struct fail *fail)
{
	struct ledger_row *rows;
	size_t count;
	if (message->value == NULL) { /* taken back by hand */
		eraser_broken_pass(&eraser->broken, message, eraser->options.topic);
		return true;
	}
	if (!erasure_message_read(message->key, message->key_size, message->value, message->size, &eraser->arena,
				  &rows, &count) ||
	    count > MESSAGE_ROWS_MAX) {
		return eraser_broken_add(&eraser->broken, message, eraser->options.topic, fail);
	}
	eraser_broken_pass(&eraser->broken, message, eraser->options.topic);
	memcpy(eraser->rows + eraser->row_count, rows, count * sizeof(*rows));
	eraser->row_count += count;
	eraser->read++;
	return true;
}

/* DONE: a slice is full, or the topic has ended. */
static enum eraser_run read_on(struct eraser *eraser, struct fail *fail)
{
	struct kafka_log_message message;
	while (eraser->row_count == 0 || (eraser->row_count < SLICE_ROWS && eraser->arena.used < SLICE_BYTES)) {
		switch (kafka_log_next(eraser->options.log, &message, fail)) {
		case KAFKA_LOG_MESSAGE:
			if (!take(eraser, &message, fail)) {
				return ERASER_FAILED;
			}
			break;
		case KAFKA_LOG_NOTHING:
			return ERASER_WAITS;
		case KAFKA_LOG_AWAY:
			if (log_allowed(&eraser->away_limit)) {
				log_warning("erasures: %s: no batch begins before that is read, waiting%s",
					    fail->text, log_held_back(&eraser->away_limit));
			}
			return ERASER_WAITS;
		case KAFKA_LOG_BROKEN:
			return ERASER_FAILED;
		case KAFKA_LOG_END:
			eraser->at_end = true;
			break;
		}
		if (eraser->at_end) {
			break;
		}
	}
	if (eraser->at_end && !eraser_broken_none(&eraser->broken, eraser->options.topic, fail)) {
		return ERASER_FAILED;
	}
	eraser->row_count = erasure_newest(eraser->rows, eraser->row_count);
	eraser->mark = eraser->arena.used;
	eraser->stage = eraser->row_count > 0 ? STAGE_CONNECT : STAGE_END;
	eraser->why = "waiting for PostgreSQL, to compare erasures\n";
	return ERASER_DONE;
}

/* ---- turns ---- */

static bool ask_known(struct eraser *eraser, struct fail *fail)
{
	arena_back(&eraser->arena, eraser->mark);
	eraser->erase =
		(struct erase){.arena = &eraser->arena, .ledger = eraser->rows, .ledger_count = eraser->row_count};
	return erase_unknown(eraser->options.postgres, &eraser->erase, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool ask_claims(struct eraser *eraser, struct fail *fail)
{
	struct erase *erase = &eraser->erase;
	return erase_begin(eraser->options.postgres, fail) && erase_ask(eraser->options.postgres, erase, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool lock(struct eraser *eraser, struct fail *fail)
{
	return (erasing_concern(&eraser->erase) || no_memory(fail)) &&
	       erase_lock(eraser->options.postgres, &eraser->erase, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool drop(struct eraser *eraser, struct fail *fail)
{
	return erase_drop(eraser->options.postgres, &eraser->erase, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool join(struct eraser *eraser, struct fail *fail)
{
	return (erasing_join(&eraser->erase) || no_memory(fail)) &&
	       erase_join(eraser->options.postgres, &eraser->erase, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool drop_raws(struct eraser *eraser, struct fail *fail)
{
	const struct erase *erase = &eraser->erase;
	int64_t newest_us = INT64_MIN;
	for (size_t i = 0; i < erase->kept_count; i++) {
		newest_us = erase->kept[i].erased_us > newest_us ? erase->kept[i].erased_us : newest_us;
	}
	return erase_raws(eraser->options.postgres, &eraser->erase, newest_us, fail) &&
	       postgres_send(eraser->options.postgres, fail);
}

static bool write_all(struct eraser *eraser, struct fail *fail)
{
	struct erase *erase = &eraser->erase;
	return (erasing_derive(erase) || no_memory(fail)) && erase_write(eraser->options.postgres, erase, fail) &&
	       erase_commit(eraser->options.postgres, fail) && postgres_send(eraser->options.postgres, fail);
}

static bool roll_back(struct eraser *eraser, struct fail *fail)
{
	return erase_rollback(eraser->options.postgres, fail) && postgres_send(eraser->options.postgres, fail);
}

/* Also what schema there is: a turn that fails says so. */
static bool settle(struct eraser *eraser, struct fail *fail)
{
	return postgres_add(eraser->options.postgres, &schema_statement, NULL, schema_on_rows, NULL, fail) &&
	       store_settle(eraser->options.store, fail);
}

static bool send(struct eraser *eraser, struct fail *fail)
{
	static bool (*const turns[])(struct eraser * eraser, struct fail * fail) = {
		[STAGE_SETTLE] = settle,  [STAGE_KNOWN] = ask_known, [STAGE_RAWS] = drop_raws,
		[STAGE_ASK] = ask_claims, [STAGE_LOCK] = lock,	     [STAGE_DROP] = drop,
		[STAGE_JOIN] = join,	  [STAGE_WRITE] = write_all, [STAGE_ROLLBACK] = roll_back};
	eraser->under_way = turns[eraser->stage](eraser, fail);
	return eraser->under_way;
}

static void next_slice(struct eraser *eraser)
{
	eraser->row_count = 0;
	eraser->rows_max = SIZE_MAX;
	arena_reset(&eraser->arena, KEEP);
	eraser->stage = eraser->at_end ? STAGE_END : STAGE_READ;
	eraser->why = "waiting for the topic of erasures\n";
}

/* As many of the rows that are not known as are applied at once. False: arena full. */
static bool begin_some(struct eraser *eraser)
{
	struct erase *erase = &eraser->erase;
	erase->ledger = erase->kept;
	erase->ledger_count = erase->kept_count < eraser->rows_max ? erase->kept_count : eraser->rows_max;
	eraser->some_left = erase->ledger_count < erase->kept_count;
	erase->actors = erasure_actors(erase->ledger, erase->ledger_count, erase->arena, &erase->actor_count);
	eraser->stage = STAGE_ASK;
	return erase->actors != NULL;
}

/* What follows on a turn that went well. */
static bool turn_done(struct eraser *eraser, struct fail *fail)
{
	struct erase *erase = &eraser->erase;
	bool more;
	switch (eraser->stage) {
	case STAGE_SETTLE:
		eraser->settled = true;
		eraser->stage = STAGE_KNOWN;
		return true;
	case STAGE_KNOWN:
		if (erase->kept_count == 0) {
			next_slice(eraser);
			return true;
		}
		eraser->why = "applying erasures that the database does not know\n";
		erase->raws_from_us = INT64_MIN;
		eraser->stage = STAGE_RAWS;
		return true;
	case STAGE_RAWS: /* as many as were asked for: once more */
		return erase->raws == ERASE_RAWS_MAX || begin_some(eraser) || no_memory(fail);
	case STAGE_ASK:
		eraser->stage = STAGE_LOCK;
		return true;
	case STAGE_LOCK:
		if (!erasing_concerns_more(erase, &more)) {
			return no_memory(fail);
		}
		eraser->stage = more ? STAGE_ROLLBACK : STAGE_DROP;
		return true;
	case STAGE_DROP:
		eraser->stage = STAGE_JOIN;
		return true;
	case STAGE_JOIN:
		eraser->stage = STAGE_WRITE;
		return true;
	case STAGE_WRITE:
		eraser->applied += erase->actor_count;
		if (eraser->some_left) {
			eraser->stage = STAGE_KNOWN;
		} else {
			next_slice(eraser);
		}
		return true;
	case STAGE_ROLLBACK:
		eraser->stage = STAGE_KNOWN;
		return true;
	case STAGE_READ:
	case STAGE_CONNECT:
	case STAGE_END:
		break;
	}
	CHECK(!"a turn of nobody");
	return false;
}

/* From what is known on, in a second; with half as many rows where more than one was being applied. */
static void again(struct eraser *eraser, const struct fail *why, bool connected)
{
	bool applying = eraser->stage >= STAGE_ASK && eraser->stage <= STAGE_WRITE;
	if (log_allowed(&eraser->trouble_limit)) {
		log_warning("erasures: %s: trying again%s", why->text, log_held_back(&eraser->trouble_limit));
	}
	if (applying && eraser->erase.ledger_count > 1) {
		eraser->rows_max = eraser->erase.ledger_count / 2;
	}
	eraser->again_us = moment_monotonic_us() + AGAIN_US;
	eraser->settled = eraser->settled && connected;
	eraser->stage = !connected ? STAGE_CONNECT : applying ? STAGE_ROLLBACK : eraser->stage;
}

/* The connection is gone, the server asks for patience, or these are too many at once. */
static bool may_try_again(const struct eraser *eraser, const struct fail *fail)
{
	return fail->kind == FAIL_RETRY ||
	       (fail->kind == FAIL_DATA && eraser->stage >= STAGE_ASK && eraser->erase.ledger_count > 1);
}

/* The answer of PostgreSQL, if there is one. False: *fail. */
static bool hear(struct eraser *eraser, bool *ret_waits, struct fail *fail)
{
	*ret_waits = false;
	switch (postgres_ready(eraser->options.postgres, fail)) {
	case POSTGRES_GOES_ON:
		*ret_waits = true;
		return true;
	case POSTGRES_CONNECTED:
		eraser->under_way = false;
		eraser->stage = STAGE_SETTLE;
		return true;
	case POSTGRES_TURN_DONE:
		eraser->under_way = false;
		if (!turn_done(eraser, fail)) {
			if (!may_try_again(eraser, fail)) {
				return false;
			}
			again(eraser, fail, true);
		}
		return true;
	case POSTGRES_TURN_FAILED:
		eraser->under_way = false;
		schema_explain(fail);
		if (!may_try_again(eraser, fail)) {
			return false;
		}
		again(eraser, fail, true);
		return true;
	case POSTGRES_LOST:
		eraser->under_way = false;
		again(eraser, fail, false);
		return true;
	}
	return true;
}

static bool connect(struct eraser *eraser, struct fail *fail)
{
	if (eraser->settled) {
		eraser->stage = STAGE_KNOWN;
		return true;
	}
	if (postgres_state(eraser->options.postgres) != POSTGRES_DOWN) {
		postgres_drop(eraser->options.postgres);
	}
	eraser->under_way = postgres_connect(eraser->options.postgres, fail);
	if (!eraser->under_way) {
		again(eraser, fail, false);
	}
	return true;
}

static void say_done(const struct eraser *eraser)
{
	if (eraser->applied == 0) {
		log_info("erasures: %s was read to its end: %zu ids, all known here", eraser->options.topic,
			 eraser->read);
	} else {
		log_info("erasures: %s was read to its end: %zu ids, %zu of them were not known here and are "
			 "erased again",
			 eraser->options.topic, eraser->read, eraser->applied);
	}
}

enum eraser_run eraser_run(struct eraser *eraser, struct fail *fail)
{
	for (;;) {
		bool waits = false, good = true;
		if (eraser->under_way) {
			good = hear(eraser, &waits, fail);
		} else if (eraser->again_us > moment_monotonic_us()) {
			waits = true;
		} else if (eraser->stage == STAGE_READ) {
			enum eraser_run run = read_on(eraser, fail);
			if (run != ERASER_DONE) {
				return run;
			}
		} else if (eraser->stage == STAGE_CONNECT) {
			good = connect(eraser, fail);
		} else if (eraser->stage == STAGE_END) {
			kafka_log_destroy(eraser->options.log);
			eraser->options.log = NULL;
			postgres_drop(eraser->options.postgres);
			say_done(eraser);
			return ERASER_DONE;
		} else if (!send(eraser, fail)) {
			if (may_try_again(eraser, fail)) {
				again(eraser, fail, false);
			} else {
				good = false;
			}
		}
		if (!good) {
			return ERASER_FAILED;
		}
		if (waits) {
			return ERASER_WAITS;
		}
	}
}
