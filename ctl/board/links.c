#include "ctl/board/links.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/job.h"

#define WAITING_MAX 64
#define FRESH_US (60 * MOMENT_SECOND_US)
#define CONNECT_AGAIN_US (MOMENT_SECOND_US / 2)

static const struct postgres_statement settle = {
	.name = "board_settle",
	.sql = "SELECT set_config('default_transaction_read_only', 'on', false), set_config('statement_timeout', "
	       "$1, false), "
	       "set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $1, "
	       "false), "
	       "set_config('jit', 'off', false)",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};
/* Who is no member goes on as who logged in. */
static const struct postgres_statement take_role = {
	.name = "board_role",
	.sql = "SELECT set_config('role', 'phased_board', false) FROM pg_roles WHERE rolname = 'phased_board' AND "
	       "pg_has_role(oid, 'MEMBER')",
};
static const struct postgres_statement may_see = {
	.name = "board_may_see",
	.sql = "SELECT coalesce(has_table_privilege(to_regclass('report.person'), 'SELECT'), false)",
};
static const struct postgres_statement begin = {
	.name = "begin", .sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};

static bool on_may_see(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(bool *)context = postgres_count(rows) == 1 && postgres_int(rows, 0, 0) != 0;
	return true;
}

/* ---- the queue ---- */

static void put_first(struct links *links, struct job *job)
{
	job->next = links->first;
	links->first = job;
	if (job->next == NULL) {
		links->end = &job->next;
	}
	links->waiting++;
}

static struct job *take_first(struct links *links)
{
	struct job *job = links->first;
	links->first = job->next;
	if (links->first == NULL) {
		links->end = &links->first;
	}
	links->waiting--;
	return job;
}

bool links_ask(struct links *links, struct job *job)
{
	if (links->waiting == WAITING_MAX) {
		return false;
	}
	job->next = NULL;
	*links->end = job;
	links->end = &job->next;
	links->waiting++;
	return true;
}

static void give_up_waiting(struct links *links, const struct fail *fail)
{
	while (links->first != NULL) {
		links->done(links->context, take_first(links), LINKS_AWAY, fail);
	}
}

/* ---- what is said ---- */

static void say_away(struct links *links, const struct fail *fail)
{
	if (!links->is_away) {
		fprintf(stderr, "phasectl: board: %s; asking again with the next request\n", fail->text);
		links->is_away = true;
	}
}

static void say_back(struct links *links)
{
	if (links->is_away) {
		fprintf(stderr, "phasectl: board: postgres: is back\n");
		links->is_away = false;
	}
}

/* ---- one connection ---- */

static bool others_are_up(const struct link *link)
{
	for (size_t i = 0; i < LINKS_MAX; i++) {
		const struct link *other = &link->links->list[i];
		if (other != link && other->is_settled) {
			return true;
		}
	}
	return false;
}

static void unwatch(struct link *link)
{
	if (ev_is_active(&link->watcher)) {
		ev_io_stop(link->links->ev, &link->watcher);
	}
}

/* The connection is gone, or of no use any more. One that had been idle may have been dead for long: its job is asked again, once. */
static void lost(struct link *link, enum links_end end, const struct fail *fail)
{
	struct links *links = link->links;
	struct job *job = link->job;
	bool was_up = link->is_settled;
	unwatch(link);
	postgres_drop(link->postgres);
	link->job = NULL;
	link->is_settled = false;
	if (job != NULL && end == LINKS_AWAY && was_up && job->tries++ == 0) {
		put_first(links, job);
		return;
	}
	if (job != NULL) {
		links->done(links->context, job, end, fail);
	}
	if (end == LINKS_AWAY && !was_up) {
		say_away(links, fail);
		links->connect_us = moment_monotonic_us() + CONNECT_AGAIN_US;
		if (!others_are_up(link)) {
			give_up_waiting(links, fail);
		}
	}
}

static void send_settle(struct link *link)
{
	struct fail fail;
	if (!postgres_add(link->postgres, &settle, &link->links->timeout, NULL, NULL, &fail) ||
	    !postgres_add(link->postgres, &take_role, NULL, NULL, NULL, &fail) ||
	    !postgres_add(link->postgres, &may_see, NULL, on_may_see, &link->has_people, &fail) ||
	    !postgres_send(link->postgres, &fail)) {
		lost(link, LINKS_AWAY, &fail);
	}
}

static void send_job(struct link *link)
{
	struct fail fail;
	struct job *job = link->job = take_first(link->links);
	job->has_people = link->has_people;
	arena_reset(&job->arena, 0);
	if (!postgres_add(link->postgres, &begin, NULL, NULL, NULL, &fail) ||
	    !job->page->ask(job, link->postgres, &fail) ||
	    !postgres_add(link->postgres, &commit, NULL, NULL, NULL, &fail) ||
	    !postgres_send(link->postgres, &fail)) {
		lost(link, fail.exit_code == EXIT_AWAY ? LINKS_AWAY : LINKS_REFUSED, &fail);
	}
}

static void turn_done(struct link *link)
{
	struct job *job = link->job;
	if (job == NULL) {
		link->is_settled = true;
		link->fresh_us = moment_monotonic_us() + FRESH_US;
		say_back(link->links);
		return;
	}
	link->job = NULL;
	link->links->done(link->links->context, job, LINKS_ANSWERED, NULL);
}

static enum links_end end_of(const struct fail *fail)
{
	static const char *const too_long[] = {"57014", "55P03", POSTGRES_NO_ANSWER};
	for (size_t i = 0; i < COUNT_OF(too_long); i++) {
		if (strcmp(fail->code, too_long[i]) == 0) {
			return LINKS_TOO_LONG;
		}
	}
	return LINKS_REFUSED;
}

static void move(struct link *link)
{
	struct fail fail;
	switch (postgres_ready(link->postgres, &fail)) {
	case POSTGRES_CONNECTED:
		send_settle(link);
		break;
	case POSTGRES_TURN_DONE:
		turn_done(link);
		break;
	case POSTGRES_TURN_FAILED:
		lost(link, link->is_settled ? end_of(&fail) : LINKS_AWAY, &fail);
		break;
	case POSTGRES_LOST:
		lost(link,
		     strcmp(fail.code, POSTGRES_NO_ANSWER) == 0 && link->is_settled ? LINKS_TOO_LONG : LINKS_AWAY,
		     &fail);
		break;
	case POSTGRES_GOES_ON:
		break;
	}
}

static void on_ready(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)events;
	move(watcher->data);
}

static void watch(struct link *link)
{
	int fd = postgres_fd(link->postgres);
	int events = EV_READ | (postgres_wants_write(link->postgres) ? EV_WRITE : 0);
	if (ev_is_active(&link->watcher) && link->watcher.fd == fd &&
	    (link->watcher.events & (EV_READ | EV_WRITE)) == events) {
		return;
	}
	unwatch(link);
	if (fd >= 0) {
		ev_io_set(&link->watcher, fd, events);
		ev_io_start(link->links->ev, &link->watcher);
	}
}

/* ---- all of them ---- */

/* Where all are down whoever asks is told at once what is wrong, and so each request tries. */
static bool may_connect(const struct links *links)
{
	bool has_up = false;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		has_up = has_up || links->list[i].is_settled;
	}
	return !has_up || moment_monotonic_us() >= links->connect_us;
}

static void connect_one(struct links *links)
{
	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct link *link = &links->list[i];
		if (postgres_state(link->postgres) == POSTGRES_DOWN) {
			struct fail fail;
			if (!postgres_connect(link->postgres, &fail)) {
				lost(link, LINKS_AWAY, &fail);
			}
			return;
		}
	}
}

static size_t coming(const struct links *links)
{
	size_t count = 0;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		count += postgres_state(links->list[i].postgres) != POSTGRES_DOWN && !links->list[i].is_settled
				 ? 1
				 : 0;
	}
	return count;
}

static void drop_late(struct links *links)
{
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "postgres: others were asked for first, and took too long");
	while (links->first != NULL && links->first->by_us <= moment_monotonic_us()) {
		links->done(links->context, take_first(links), LINKS_TOO_LONG, &fail);
	}
}

/* Rights may have been granted or taken back since. */
static void renew(struct link *link)
{
	if (link->is_settled && link->job == NULL && moment_monotonic_us() >= link->fresh_us) {
		unwatch(link);
		postgres_drop(link->postgres);
		link->is_settled = false;
	}
}

void links_run(struct links *links)
{
	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct link *link = &links->list[i];
		if (postgres_deadline_us(link->postgres) <= moment_monotonic_us()) {
			move(link);
		}
		renew(link);
		if (links->first != NULL && link->is_settled && link->job == NULL) {
			send_job(link);
		}
	}
	drop_late(links);
	if (links->waiting > coming(links) && may_connect(links)) {
		connect_one(links);
	}
	for (size_t i = 0; i < LINKS_MAX; i++) {
		watch(&links->list[i]);
	}
}

int64_t links_wakes_us(const struct links *links)
{
	int64_t at = links->first == NULL ? INT64_MAX
		     : links->connect_us > moment_monotonic_us() && links->connect_us < links->first->by_us
			     ? links->connect_us
			     : links->first->by_us;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		int64_t own = postgres_deadline_us(links->list[i].postgres);
		at = own < at ? own : at;
	}
	return at;
}

bool links_init(struct links *links, struct ev_loop *ev, const struct postgres_options *options, links_done *done,
		void *context, struct fail *fail)
{
	*links = (struct links){.ev = ev, .done = done, .context = context};
	links->end = &links->first;
	snprintf(links->timeout_ms, sizeof(links->timeout_ms), "%u", options->reply_ms_max * 2 / 3);
	postgres_value_text(links->timeout_ms, &links->timeout);
	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct link *link = &links->list[i];
		link->links = links;
		link->postgres = postgres_create(options, fail);
		if (link->postgres == NULL) {
			return false;
		}
		ev_init(&link->watcher, on_ready);
		link->watcher.data = link;
	}
	return true;
}

void links_finish(struct links *links)
{
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "the board is stopping");
	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct link *link = &links->list[i];
		if (link->postgres != NULL) {
			unwatch(link);
			postgres_drop(link->postgres);
			if (link->job != NULL) {
				links->done(links->context, link->job, LINKS_AWAY, &fail);
			}
		}
		postgres_destroy(link->postgres);
	}
	if (links->end != NULL) {
		give_up_waiting(links, &fail);
	}
}
