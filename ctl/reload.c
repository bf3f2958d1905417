/*
 * phasectl reload: asks a running phased or phased-collect to read its configuration again, and says how that went.
 *
 * The unit's ExecReload: a signal alone says nothing back, and `systemctl reload` would report success for a file that was
 * refused. Runs as the service itself and reads no configuration.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "core/edge/reload_note.h"
#include "ctl/ctl.h"

#define WAIT_S_DEFAULT 20
#define LOOK_MS 500 /* whether the process still lives: nothing wakes us for that */
#define PATH_SIZE 512

static struct {
	int64_t process, wait_s;
	const char *directory;
} asked = {.wait_s = WAIT_S_DEFAULT};

static const struct option_about options[] = {
	{"process", "PID", OPTION_NUMBER, &asked.process, 2, INT32_MAX, "whom to ask"},
	{"wait", "SECONDS", OPTION_NUMBER, &asked.wait_s, 1, 600, "how long to wait for the result (default: 20)"},
	{"directory", "DIR", OPTION_TEXT, &asked.directory, 0, 0,
	 "the service's runtime directory (default: RUNTIME_DIRECTORY of the environment)"},
	{0},
};

/* Watches before it asks, so that no answer can be missed. -1: *fail. */
static int watch(const char *directory, struct fail *fail)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0 || inotify_add_watch(fd, directory, IN_MOVED_TO | IN_ONLYDIR) < 0) {
		enum exit_code code = errno == EACCES ? EXIT_NOT_ALLOWED : EXIT_CONFIG;
		fail_set(fail, FAIL_FATAL, code, "reload: directory %s: %s", directory, strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	return fd;
}

static bool ask(int64_t *ret_asked_us, struct fail *fail)
{
	*ret_asked_us = moment_monotonic_us();
	if (kill((pid_t)asked.process, SIGHUP) == 0) {
		return true;
	}
	return fail_set(fail, FAIL_FATAL, errno == EPERM ? EXIT_NOT_ALLOWED : EXIT_AWAY,
			"reload: process %lld: %s", (long long)asked.process, strerror(errno));
}

static void drain(int fd)
{
	char events[4096];
	while (read(fd, events, sizeof(events)) > 0) {
	}
}

/* Is the note the answer to what was asked, and not of a reload before it? */
static bool is_answer(const char *path, int64_t asked_us, struct reload_note *ret_note)
{
	return reload_note_read(path, ret_note) && ret_note->process == asked.process &&
	       ret_note->begun_us >= asked_us;
}

static bool wait_for(int fd, const char *path, int64_t asked_us, struct fail *fail)
{
	int64_t until_us = asked_us + asked.wait_s * MOMENT_SECOND_US;
	struct reload_note note;
	while (!is_answer(path, asked_us, &note)) {
		if (kill((pid_t)asked.process, 0) != 0 && errno == ESRCH) {
			return fail_set(fail, FAIL_FATAL, EXIT_AWAY, "reload: process %lld ended meanwhile",
					(long long)asked.process);
		}
		if (moment_monotonic_us() >= until_us) {
			return fail_set(fail, FAIL_RETRY, EXIT_AWAY, "reload: no answer within %lld s",
					(long long)asked.wait_s);
		}
		poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, LOOK_MS);
		drain(fd);
	}
	if (!note.is_good) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "reload: refused, the old configuration holds: %s",
				note.why);
	}
	return true;
}

static int reload_run(struct ctl *ctl)
{
	(void)ctl;
	struct fail fail;
	char path[PATH_SIZE];
	int64_t asked_us;
	const char *directory = asked.directory != NULL ? asked.directory : getenv("RUNTIME_DIRECTORY");
	if (asked.process == 0 || directory == NULL || !reload_note_path(directory, path, sizeof(path))) {
		fail_set(&fail, FAIL_FATAL, EXIT_USAGE,
			 "reload: expected --process and, outside of a service, --directory (see --help)");
		return ctl_complain(&fail);
	}
	int fd = watch(directory, &fail);
	bool good = fd >= 0 && ask(&asked_us, &fail) && wait_for(fd, path, asked_us, &fail);
	if (fd >= 0) {
		close(fd);
	}
	return good ? EXIT_DONE : ctl_complain(&fail);
}

const struct command reload_command = {
	.words = "reload",
	.summary = "has a running phased or phased-collect read its configuration again, and waits for the result",
	.details = "Sends SIGHUP and waits until the new configuration is in force, or says why it is not: then "
		   "the old one\n"
		   "holds. What the units call; by hand: systemctl reload phased.\n",
	.options = options,
	.run = reload_run,
};
