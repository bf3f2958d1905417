/*
 * A stdout of our own that counts lines. The descriptor stays the terminal, for whoever asks it for colours and width.
 */
#include "ctl/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"

#define HELD_MAX ((size_t)256 * 1024) /* of a terminal's lines, colours included; more is not held back */
#define WORDS_MAX 16
#define VARIABLES_MAX 1024

static struct {
	FILE *real; /* stdout as it was; NULL: not started */
	char *held;
	size_t used;
	unsigned lines, lines_max;
	int fd; /* where to; -1: nowhere yet */
	pid_t child;
} pager = {.fd = -1};

extern char **environ;

/* It is the pager that Ctrl-C speaks to; and it may be left before it has seen all. */
static const int ignored[] = {SIGINT, SIGQUIT, SIGPIPE};

/* ---- Starting one ---- */

/* PAGER's words, blanks between; no shell reads them. */
static void split(char *text, char **words)
{
	size_t count = 0;
	for (char *at = text; *at != '\0' && count + 1 < WORDS_MAX;) {
		at += strspn(at, " \t");
		size_t size = strcspn(at, " \t");
		if (size > 0) {
			words[count++] = at;
		}
		at += size;
		if (*at != '\0') {
			*at++ = '\0';
		}
	}
	words[count] = NULL;
}

/* Our environment and, where nobody said how less should be, that it shows colours and ends by itself. */
static char **environment(char **room)
{
	size_t count = 0;
	for (; environ[count] != NULL && count + 2 < VARIABLES_MAX; count++) {
		room[count] = environ[count];
	}
	static char less[] = "LESS=FRX";
	if (getenv("LESS") == NULL) {
		room[count++] = less;
	}
	room[count] = NULL;
	return room;
}

/* What we ignore from now on it shall not. */
static bool set_signals(posix_spawnattr_t *attributes)
{
	sigset_t usual;
	sigemptyset(&usual);
	for (size_t i = 0; i < COUNT_OF(ignored); i++) {
		sigaddset(&usual, ignored[i]);
	}
	return posix_spawnattr_setsigdefault(attributes, &usual) == 0 &&
	       posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF) == 0;
}

static bool spawn(char **words, int from)
{
	char *variables[VARIABLES_MAX];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	bool good =
		posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO) == 0 && set_signals(&attributes) &&
		posix_spawnp(&pager.child, words[0], &actions, &attributes, words, environment(variables)) == 0;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return good;
}

static bool start_ignoring(char **words, int from)
{
	const struct sigaction action = {.sa_handler = SIG_IGN};
	struct sigaction before[COUNT_OF(ignored)];
	for (size_t i = 0; i < COUNT_OF(ignored); i++) {
		sigaction(ignored[i], &action, &before[i]);
	}
	bool started = spawn(words, from);
	for (size_t i = 0; i < COUNT_OF(ignored) && !started; i++) {
		sigaction(ignored[i], &before[i], NULL);
	}
	return started;
}

/* Its stdin, or the terminal where there is none to be had. */
static int start(void)
{
	static char usual[] = "less -FRX";
	int ends[2];
	char *words[WORDS_MAX];
	const char *said = getenv("PAGER");
	char *own = said != NULL ? strdup(said) : NULL;
	split(own != NULL ? own : usual, words);
	int fd = STDOUT_FILENO;
	if (words[0] != NULL && pipe2(ends, O_CLOEXEC) == 0) {
		bool started = start_ignoring(words, ends[0]);
		close(ends[0]);
		if (started) {
			fd = ends[1];
		} else {
			close(ends[1]);
		}
	}
	free(own);
	return fd;
}

/* ---- stdout ---- */

static bool write_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(pager.fd, bytes, size);
		if (written < 0 && errno != EINTR) {
			return false;
		}
		bytes += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return true;
}

static bool let_go(void)
{
	size_t size = pager.used;
	pager.used = 0;
	return write_all(pager.held, size);
}

static ssize_t on_write(void *context, const char *bytes, size_t size)
{
	(void)context;
	if (pager.fd >= 0) {
		return write_all(bytes, size) ? (ssize_t)size : 0;
	}
	for (size_t i = 0; i < size; i++) {
		pager.lines += bytes[i] == '\n' ? 1 : 0;
	}
	if (pager.lines < pager.lines_max && size <= HELD_MAX - pager.used) {
		memcpy(pager.held + pager.used, bytes, size);
		pager.used += size;
		return (ssize_t)size;
	}
	pager.fd = start();
	return let_go() && write_all(bytes, size) ? (ssize_t)size : 0;
}

void pager_start(void)
{
	struct winsize size;
	const char *own = getenv("PAGER");
	if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 ||
	    (own != NULL && (own[0] == '\0' || strcmp(own, "cat") == 0))) {
		return;
	}
	pager.held = malloc(HELD_MAX);
	FILE *file =
		pager.held != NULL ? fopencookie(NULL, "w", (cookie_io_functions_t){.write = on_write}) : NULL;
	if (file == NULL) {
		free(pager.held);
		return;
	}
	pager.lines_max = size.ws_row;
	pager.real = stdout;
	stdout = file;
}

void pager_end(void)
{
	if (pager.real == NULL) {
		return;
	}
	fflush(stdout);
	if (pager.fd < 0) { /* it fits */
		pager.fd = STDOUT_FILENO;
		let_go();
	}
	fclose(stdout);
	stdout = pager.real;
	pager.real = NULL;
	if (pager.fd != STDOUT_FILENO) {
		close(pager.fd);
		while (waitpid(pager.child, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	free(pager.held);
}
