/*
 * What does not fit on the terminal is read in a pager: $PAGER, else less -FRX.
 */
#pragma once

/*
 * From here on stdout holds lines back until there are more than the terminal shows; then they go to a pager, and all that
 * comes after them. Where stdout is no terminal, or PAGER is empty or "cat", nothing changes. A pager that cannot be started
 * is none; when one ends early, ferror(stdout) says that nobody reads any more.
 */
void pager_start(void);
/* Waits until it has been read. Leaves stdout as it was before, without an error. Needs no pager_start(). */
void pager_end(void);
