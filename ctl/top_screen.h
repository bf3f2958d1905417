/*
 * A terminal that is redrawn: taken over, drawn on, given back as it was, whatever ends the program but SIGKILL.
 */
#pragma once
#include <stdbool.h>

enum screen_event { SCREEN_TIMEOUT, SCREEN_RESIZED, SCREEN_QUIT };

/* Signals that end the program are noted from here on, also where there is no terminal to be drawn on. */
void screen_watch(void);
/* False: stdin or stdout is no terminal, or a dumb one. Then nothing was changed. */
bool screen_start(void);
/* Gives the terminal back; nothing where it was not taken. */
void screen_end(void);
/* Waits for a key, a change of size, a signal, or so long. q, Ctrl-C, Ctrl-D and signals that end programs: QUIT. */
enum screen_event screen_wait(int ms_max);
/* Shows the lines of the text that there is room for. */
void screen_show(const char *text);
