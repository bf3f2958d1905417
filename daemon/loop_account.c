/*
 * Where accounts are, and how their people stand to one another (tables account_phase, account_change, account_member), written for accounts that have
 * changed since: a slice of them at a time, by a lane of a daemon that has nothing else to do, in a transaction that holds the row which says how
 * far all have come (table account_walk), as explanations are (loop_explain.c). Batches write nothing for it.
 *
 *	ACCOUNT_DUE: which have changed ──▶ ACCOUNT_READS: their contacts' touches ──▶ account_slice() ──▶ ACCOUNT_WRITES: the tables, COMMIT
 *
 * It takes accounts.share_percent of the time, and none while events or refolds wait. It waits for nobody's rows. What took too long, or does not
 * fit, is tried again in smaller slices, also where the server did not answer at all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/account_slice.h"
#include "daemon/loop_inside.h"

/* Contacts that are looked at for one slice, each a read of two rows; as few as are looked at in LOOK_LONG_US. */
#define LOOK_MAX 2000
#define LOOK_FIRST 250
#define LOOK_LEAST 64
#define LOOK_LONG_US (MOMENT_SECOND_US / 50)
#define LOOK_SHORT_US (MOMENT_SECOND_US / 200)
#define ACCOUNTS_MAX 8	/* what comes meanwhile to this lane waits for them */
#define TOUCHES_MAX 500 /* of these together, by what their contacts' states say; or one account alone */
#define PAUSE_US \
	(2 * MOMENT_SECOND_US) /* before another way through the accounts, and after another daemon's slice */
#define PAUSE_MOST_US \
	(300 * MOMENT_SECOND_US) /* where the last way found few: else as long as it took, so much at most */
#define RETRY_US (60 * MOMENT_SECOND_US) /* after trouble */
#define HOUR_US (3600 * MOMENT_SECOND_US)
#define KEEP ((size_t)1024 * 1024)

static void take_turn(struct lane *lane, enum account_turn turn, bool sent, const struct fail *fail)
{
	if (!sent) {
		lane_lost(lane, fail);
		return;
	}
	lane->turn = TURN_ACCOUNTS;
	lane->loop->accounts.lane = lane;
	lane->loop->accounts.turn = turn;
}

bool loop_send_accounts(struct loop *loop, struct lane *lane)
{
	struct accounting *accounts = &loop->accounts;
	int64_t now_us = loop_now_us(loop);
	/* Not beside an explanation, which would have locked whom this needs. */
	if (loop->options->conf->accounts.share_percent == 0 || now_us < accounts->at_us ||
	    accounts->lane != NULL || loop->explain.lane != NULL || !loop_is_idle(loop)) {
		return false;
	}
	struct fail fail;
	accounts->begun_us = now_us;
	accounts->at_us = now_us + RETRY_US; /* where it fails */
	accounts->accounts = accounts->accounts > 0 ? accounts->accounts : ACCOUNTS_MAX;
	accounts->look = accounts->look > 0 ? accounts->look : LOOK_FIRST;
	arena_reset(&accounts->arena, KEEP);
	accounts->slice = (struct account_rows){
		.model_version = engine_model(loop->engine)->model->version,
		.hour_us = moment_floor(io_passed_us(loop->io, loop->options->conf->review.until_us), HOUR_US) *
			   HOUR_US,
		.look_max = accounts->look,
		.accounts_max = (int64_t)accounts->accounts,
		.contacts_max = ACCOUNT_CONTACTS_MAX,
	};
	bool sent = lane->io.ops->store_account_due(lane->io.self, &accounts->slice, &accounts->arena, &fail);
	take_turn(lane, ACCOUNT_DUE, sent, &fail);
	return true;
}

/* ---- What follows ---- */

static void rest(struct loop *loop, int64_t pause_us)
{
	struct accounting *accounts = &loop->accounts;
	accounts->at_us =
		loop_rested_us(loop, accounts->begun_us, loop->options->conf->accounts.share_percent, pause_us);
	loop->options->counters->account_seconds.value +=
		(double)(loop_now_us(loop) - accounts->begun_us) / (double)MOMENT_SECOND_US;
}

/* That, and not before the minute is over that was set where it began. */
static void rest_after_trouble(struct loop *loop)
{
	int64_t retry_us = loop->accounts.at_us;
	rest(loop, 0);
	loop->accounts.at_us = loop->accounts.at_us > retry_us ? loop->accounts.at_us : retry_us;
}

static void roll_back(struct lane *lane)
{
	struct fail fail;
	take_turn(lane, ACCOUNT_ROLLS_BACK, lane->io.ops->store_rollback(lane->io.self, &fail), &fail);
}

/* It does not fit, or takes too long: fewer at once; one alone is left out like those that are too long by what their states say. */
static void take_less(struct accounting *accounts)
{
	if (accounts->accounts == 1 && accounts->slice.due_count > 0) {
		snprintf(accounts->too_long, sizeof(accounts->too_long), "%s", accounts->slice.due[0].account);
	}
	accounts->accounts = accounts->accounts > 1 ? accounts->accounts / 2 : 1;
}

static void shrink(struct lane *lane)
{
	take_less(&lane->loop->accounts);
	rest(lane->loop, 0);
	roll_back(lane);
}

static void look_at_less(struct accounting *accounts)
{
	accounts->look = accounts->look / 2 > LOOK_LEAST ? accounts->look / 2 : LOOK_LEAST;
}

/* Twice as many are looked at next time, or half as many. Where enough were found before all were looked at, nothing says that more would do. */
static void adapt_look(struct accounting *accounts, int64_t took_us)
{
	if (took_us > LOOK_LONG_US) {
		look_at_less(accounts);
	} else if (took_us < LOOK_SHORT_US && accounts->slice.due_count < accounts->accounts) {
		accounts->look = accounts->look < LOOK_MAX / 2 ? accounts->look * 2 : LOOK_MAX;
	}
}

static void send_writes(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct accounting *accounts = &loop->accounts;
	struct fail fail;
	if (!account_slice(engine_model(loop->engine), &accounts->slice, &accounts->arena)) {
		shrink(lane);
		return;
	}
	bool sent = lane->io.ops->store_account_save(lane->io.self, &accounts->slice, &accounts->arena, &fail);
	if (!sent && fail.kind == FAIL_DATA) {
		shrink(lane);
		return;
	}
	take_turn(lane, ACCOUNT_WRITES, sent, &fail);
}

/* The contacts of an account are together, and in the order of the accounts. */
static size_t account_end(const struct account_rows *slice, const struct account_due_row *due, size_t at,
			  uint64_t *ret_taken)
{
	size_t end = at;
	uint64_t taken = 0;
	for (; end < slice->contact_count && strcmp(slice->contacts[end].account, due->account) == 0; end++) {
		taken += slice->contacts[end].taken;
	}
	*ret_taken = taken;
	return end;
}

/* Whose touches are read; where they are many the slice ends before. Contacts of what is too long, or behind that end, are left out. False: the
 * arena is full. */
static bool ask(struct accounting *accounts, struct counters *counters)
{
	struct account_rows *slice = &accounts->slice;
	struct uuid *asked = arena_array(&accounts->arena, slice->contact_count + 1, sizeof(*asked));
	uint64_t touches = 0, taken;
	if (asked == NULL) {
		return false;
	}
	slice->asked = asked;
	for (size_t i = 0, at = 0, end; i < slice->due_count; i++, at = end) {
		struct account_due_row *due = &slice->due[i];
		end = account_end(slice, due, at, &taken);
		if (due->contacts > ACCOUNT_CONTACTS_MAX || end - at > ACCOUNT_CONTACTS_MAX ||
		    taken > ACCOUNT_TAKEN_MAX || strcmp(due->account, accounts->too_long) == 0) {
			counters->account_too_long.value++;
			due->too_long = true;
			continue;
		}
		if (i > 0 && touches + taken > TOUCHES_MAX) {
			slice->after = slice->due[i - 1].account;
			slice->last = false;
			slice->due_count = i;
			break;
		}
		touches += taken;
		for (; at < end; at++) {
			slice->contacts[slice->asked_count] = slice->contacts[at];
			asked[slice->asked_count++] = slice->contacts[at].contact_id;
		}
	}
	slice->contact_count = slice->asked_count;
	return true;
}

static void send_reads(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct accounting *accounts = &loop->accounts;
	struct fail fail;
	if (!accounts->slice.ours) {
		rest(loop, PAUSE_US);
		roll_back(lane);
		return;
	}
	adapt_look(accounts, loop_now_us(loop) - accounts->begun_us);
	if (!ask(accounts, loop->options->counters)) {
		shrink(lane);
	} else if (accounts->slice.asked_count == 0) {
		send_writes(lane);
	} else {
		bool sent =
			lane->io.ops->store_account_read(lane->io.self, &accounts->slice, &accounts->arena, &fail);
		take_turn(lane, ACCOUNT_READS, sent, &fail);
	}
}

/* Is the way through the accounts at its end? Where another daemon came there, this one sees that another one has begun. */
static bool way_ends(struct accounting *accounts)
{
	bool anew = accounts->way != 0 && accounts->way != accounts->slice.way;
	accounts->way = accounts->slice.last ? 0 : accounts->slice.way;
	return accounts->slice.last || anew;
}

/* It costs the same whether many have changed or nobody; where it was fewer than one a slice, there may as well be more of them first. */
static int64_t pause_after_way(struct accounting *accounts)
{
	int64_t pause_us = accounts->way_written < accounts->way_slices ? accounts->way_us : 0;
	accounts->way_us = accounts->way_slices = accounts->way_written = 0;
	pause_us = pause_us < PAUSE_MOST_US ? pause_us : PAUSE_MOST_US;
	return pause_us > PAUSE_US ? pause_us : PAUSE_US;
}

static void slice_done(struct loop *loop)
{
	struct accounting *accounts = &loop->accounts;
	loop->options->counters->accounts.value += (double)accounts->slice.written;
	accounts->too_long[0] = '\0'; /* it was written as such: once it has changed it is tried again */
	accounts->accounts = accounts->accounts < ACCOUNTS_MAX ? accounts->accounts * 2 : ACCOUNTS_MAX;
	rest(loop, 0);
	accounts->way_us += accounts->at_us - accounts->begun_us;
	accounts->way_slices++;
	accounts->way_written += accounts->slice.written;
	if (way_ends(accounts)) {
		int64_t at_us = loop_now_us(loop) + pause_after_way(accounts);
		accounts->at_us = accounts->at_us > at_us ? accounts->at_us : at_us;
	}
	if (accounts->slice.written > 0) {
		log_debug("accounts: %" PRId64 " accounts, %zu contacts, %zu touches", accounts->slice.written,
			  accounts->slice.contact_count, accounts->slice.touch_count);
	}
}

void loop_accounts_turn_done(struct loop *loop, struct lane *lane)
{
	struct accounting *accounts = &loop->accounts;
	switch (accounts->turn) {
	case ACCOUNT_DUE:
		send_reads(lane);
		break;
	case ACCOUNT_READS:
		/* Places of rules are those of one model. */
		if (engine_model(loop->engine)->model->version != accounts->slice.model_version) {
			rest(loop, 0);
			roll_back(lane);
		} else {
			send_writes(lane);
		}
		break;
	case ACCOUNT_WRITES:
		slice_done(loop);
		break;
	case ACCOUNT_ROLLS_BACK:
		break;
	}
}

void loop_accounts_failed(struct loop *loop, struct lane *lane, const struct fail *why)
{
	static struct log_limit often;
	enum account_turn turn = loop->accounts.turn;
	if (turn == ACCOUNT_ROLLS_BACK) {
		lane_lost(lane, why);
		return;
	}
	bool cut_off = strcmp(why->code, "57014") == 0; /* the server's time limit */
	if ((cut_off || why->kind == FAIL_DATA) && turn != ACCOUNT_DUE) {
		shrink(lane);
		return;
	}
	if ((cut_off || why->kind == FAIL_DATA) &&
	    (loop->accounts.look > LOOK_LEAST || loop->accounts.accounts > 1)) {
		look_at_less(&loop->accounts);
		loop->accounts.accounts = loop->accounts.accounts > 1 ? loop->accounts.accounts / 2 : 1;
		rest(loop, 0);
		roll_back(lane);
		return;
	}
	if (log_allowed(&often)) {
		log_warning("accounts: %s: phases and committees of accounts are not written, trying again in a "
			    "minute%s",
			    why->text, log_held_back(&often));
	}
	rest_after_trouble(loop);
	roll_back(lane);
}

/* The slice may be what the server did not answer: the next one is smaller, and not at once. */
void loop_accounts_lost(struct loop *loop, const struct fail *why)
{
	struct accounting *accounts = &loop->accounts;
	if (accounts->turn == ACCOUNT_ROLLS_BACK || strcmp(why->code, POSTGRES_NO_ANSWER) != 0) {
		return;
	}
	if (accounts->turn == ACCOUNT_DUE) {
		look_at_less(accounts);
	} else {
		take_less(accounts);
	}
	rest_after_trouble(loop);
}

int64_t loop_accounts_wakes_us(const struct loop *loop)
{
	bool waits = loop->options->conf->accounts.share_percent > 0 && loop->accounts.at_us > loop_now_us(loop);
	return waits ? loop->accounts.at_us
		     : INT64_MAX; /* what is due waits for a lane, whose end of turn wakes us */
}
