/*
 * phasectl board: pictures of what the views of schema report say, for a browser on this machine.
 *
 * One libev loop: HTTP on one side, a few connections to PostgreSQL on the other. Reads only.
 */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/postgres.h"
#include "core/edge/secret_file.h"
#include "ctl/board/links.h"
#include "ctl/board/serve.h"
#include "ctl/ctl.h"
#include "ctl/terminal.h"

#define CONNECTIONS_MAX 64
#define LINE_SIZE_MAX 4096
#define REQUEST_S_MAX 10
#define CONNECT_MS_MAX 3000
#define REPLY_MS_MAX 6000

static struct {
	const char *listen, *hosts;
	bool is_public;
} asked = {.listen = "127.0.0.1:8088", .hosts = ""};

static const struct option_about options[] = {
	{"listen", "ADDRESS", OPTION_TEXT, &asked.listen, 0, 0,
	 "where (default: 127.0.0.1:8088; port 0: any free one), or unix:/PATH"},
	{"beyond-loopback", NULL, OPTION_FLAG, &asked.is_public, 0, 0,
	 "also where others can reach it: whoever can\nconnect can read all of it"},
	{"host", "NAMES", OPTION_TEXT, &asked.hosts, 0, 0,
	 "names that browsers may know it by besides\nlocalhost, commas between (behind a proxy, say)"},
	{0},
};

struct board {
	struct ev_loop *ev;
	struct links links;
	struct serve serve;
	ev_io http_watcher;
	ev_timer timer;
	ev_signal ends[2];
	int64_t http_wakes_us;
	bool is_ending;
};

static void on_http(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct board *)watcher->data)->http_wakes_us = 0;
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
}

static void on_end(struct ev_loop *ev, ev_signal *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct board *)watcher->data)->is_ending = true;
}

static void run_http(struct board *board)
{
	int wakes_ms = http_run(board->serve.http);
	board->http_wakes_us = wakes_ms < 0 ? INT64_MAX : moment_monotonic_us() + (int64_t)wakes_ms * 1000;
}

/* Requests lead to questions, questions to answers. */
static void turn(struct board *board)
{
	if (moment_monotonic_us() >= board->http_wakes_us) {
		run_http(board);
	}
	links_run(&board->links);
	int64_t at = links_wakes_us(&board->links);
	at = board->http_wakes_us < at ? board->http_wakes_us : at;
	int64_t left_us = at == INT64_MAX ? MOMENT_DAY_US : at - moment_monotonic_us();
	ev_timer_stop(board->ev, &board->timer);
	ev_timer_set(&board->timer, left_us > 0 ? (double)left_us / (double)MOMENT_SECOND_US : 0, 0);
	ev_timer_start(board->ev, &board->timer);
}

static void run_loop(struct board *board)
{
	static const int signals[] = {SIGINT, SIGTERM};
	ev_io_init(&board->http_watcher, on_http, http_fd(board->serve.http), EV_READ);
	board->http_watcher.data = board;
	ev_io_start(board->ev, &board->http_watcher);
	ev_init(&board->timer, on_timer);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		ev_signal_init(&board->ends[i], on_end, signals[i]);
		board->ends[i].data = board;
		ev_signal_start(board->ev, &board->ends[i]);
	}
	while (!board->is_ending) {
		turn(board);
		ev_run(board->ev, EVRUN_ONCE);
	}
	ev_io_stop(board->ev, &board->http_watcher);
	ev_timer_stop(board->ev, &board->timer);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		ev_signal_stop(board->ev, &board->ends[i]);
	}
}

/* As browsers send them: lower case, and no blanks. */
static bool read_hosts(struct ctl *ctl, struct board *board, struct fail *fail)
{
	char *names = arena_text(&ctl->arena, asked.hosts, strlen(asked.hosts));
	if (names == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	size_t used = 0;
	for (const char *at = names; *at != '\0'; at++) {
		if (*at != ' ') {
			names[used++] = *at;
		}
	}
	names[used] = '\0';
	text_lower(names);
	board->serve.hosts = names;
	return true;
}

static bool start_http(struct board *board, struct fail *fail)
{
	const struct http_options of_http = {
		.listen = asked.listen,
		.body_size_max = 1024,
		.line_size_max = LINE_SIZE_MAX,
		.connections_max = CONNECTIONS_MAX,
		.kept_max = CONNECTIONS_MAX / 2,
		.request_s_max = REQUEST_S_MAX,
	};
	board->serve.links = &board->links;
	board->serve.http = http_create(&of_http, serve_request, &board->serve, fail);
	return board->serve.http != NULL;
}

static bool start_links(struct ctl *ctl, struct board *board, struct fail *fail)
{
	const char *password = NULL, *file = ctl->conf.postgres.password_file;
	if (file[0] != '\0' && !secret_file_text("postgres.password_file", file, &ctl->arena, &password, fail)) {
		return false;
	}
	int64_t connect_ms = ctl->conf.postgres.connect_ms_max;
	const struct postgres_options of_postgres = {
		.conninfo = ctl->conf.postgres.conninfo,
		.password = password,
		.application = "phasectl board",
		.connect_ms_max = connect_ms < CONNECT_MS_MAX ? (unsigned)connect_ms : CONNECT_MS_MAX,
		.reply_ms_max = REPLY_MS_MAX,
		.synchronous_commit = true,
	};
	return links_init(&board->links, board->ev, &of_postgres, serve_done, &board->serve, fail);
}

static bool check_listen(struct fail *fail)
{
	return asked.is_public || serve_is_loopback(asked.listen) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			"--listen %.100s: others could reach that, and read all that the board shows without a "
			"password: give "
			"--beyond-loopback too if they shall",
			asked.listen);
}

static void say_address(const struct board *board)
{
	const char *address = http_address(board->serve.http);
	bool is_unix = strncmp(address, "unix:", strlen("unix:")) == 0;
	printf("%s%s%s\n", is_unix ? "" : "http://", address, is_unix ? "" : "/");
	fflush(stdout);
}

static int run(struct ctl *ctl)
{
	static struct board board;
	struct fail fail;
	terminal_start();
	board.ev = ev_loop_new(EVFLAG_AUTO);
	CHECK(board.ev != NULL);
	bool good = check_listen(&fail) && read_hosts(ctl, &board, &fail) && ctl_read_conf(ctl, &fail) &&
		    start_links(ctl, &board, &fail) && start_http(&board, &fail);
	if (good) {
		say_address(&board);
		run_loop(&board);
		http_quiesce(board.serve.http);
	}
	links_finish(&board.links);
	http_destroy(board.serve.http);
	ev_loop_destroy(board.ev);
	return good ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

const struct command board_command = {
	.words = "board",
	.summary = "pictures in a browser: the funnel, who moved, committees, journeys, why",
	.details = "Serves pages to browsers of this machine until it is ended; the first line of stdout is the "
		   "address.\n"
		   "Asks PostgreSQL with each request, in read-only transactions, as role phased_board where the "
		   "configured user is\n"
		   "a member. Names are shown where that role may read report.person (GRANT phased_seller TO "
		   "phased_board).",
	.options = options,
	.run = run,
};
