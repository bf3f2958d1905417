#include "ctl/top_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/check.h"

#define ROWS_DEFAULT 24
#define CTRL_C 3
#define CTRL_D 4

/* The other screen, no cursor, long lines cut; and back. */
#define TAKE "\033[?1049h\033[?25l\033[?7l\033[2J"
#define GIVE_BACK "\033[?7h\033[?25h\033[?1049l"

static struct termios before;
static bool is_taken;
static int wake[2] = {-1, -1}; /* a pipe: a signal between a look and a wait must not be slept over */
static volatile sig_atomic_t stopped, resized;

static void on_signal(int number)
{
	int saved = errno;
	if (number == SIGWINCH) {
		resized = 1;
	} else {
		stopped = 1;
	}
	ssize_t written = write(wake[1], "", 1); /* full: it is awake anyway */
	(void)written;
	errno = saved;
}

void screen_watch(void)
{
	const struct sigaction note = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	bool made = pipe2(wake, O_CLOEXEC | O_NONBLOCK) == 0;
	CHECK(made);
	sigaction(SIGINT, &note, NULL);
	sigaction(SIGTERM, &note, NULL);
	sigaction(SIGHUP, &note, NULL);
	sigaction(SIGQUIT, &note, NULL);
	sigaction(SIGWINCH, &note, NULL);
	sigaction(SIGPIPE, &ignore, NULL); /* who reads us may end: then stdout says so */
}

bool screen_start(void)
{
	const char *kind = getenv("TERM");
	if (kind == NULL || strcmp(kind, "dumb") == 0 || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) != 0) {
		return false;
	}
	struct termios raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG); /* Ctrl-C and Ctrl-Z are keys like others */
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) {
		return false;
	}
	is_taken = true;
	atexit(screen_end);
	fputs(TAKE, stdout);
	fflush(stdout);
	return true;
}

void screen_end(void)
{
	if (is_taken) {
		is_taken = false;
		fputs(GIVE_BACK, stdout);
		fflush(stdout);
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
}

static bool is_quit_pressed(void)
{
	char keys[64];
	ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));
	for (ssize_t i = 0; i < count; i++) {
		if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == CTRL_C || keys[i] == CTRL_D) {
			return true;
		}
	}
	return count == 0; /* the terminal is gone */
}

enum screen_event screen_wait(int ms_max)
{
	struct pollfd watched[] = {{.fd = wake[0], .events = POLLIN},
				   {.fd = is_taken ? STDIN_FILENO : -1, .events = POLLIN}};
	char drained[64];
	if (!stopped && !resized) {
		poll(watched, COUNT_OF(watched), ms_max);
	}
	while (read(wake[0], drained, sizeof(drained)) > 0) {
	}
	if (stopped || (watched[1].revents != 0 && is_quit_pressed())) {
		return SCREEN_QUIT;
	}
	if (resized) {
		resized = 0;
		return SCREEN_RESIZED;
	}
	return SCREEN_TIMEOUT;
}

void screen_show(const char *text)
{
	struct winsize size;
	unsigned rows =
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
	fputs("\033[H", stdout);
	for (unsigned row = 0; row < rows && *text != '\0'; row++) {
		size_t length = strcspn(text, "\n");
		printf("%s%.*s\033[K", row > 0 ? "\r\n" : "", (int)length, text);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}
