/*
 * A request's life, from whole to answered: routed, read by its source's adapter, screened, sent, and answered when the
 * brokers have acknowledged every event of it.
 *
 * Never blocks: it is driven by a loop that watches the descriptors and calls collect_turn().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/flow/identify.h"

struct collect;
struct collect_conf;

/* Borrows both for life. NULL: *fail says why. Never waits for a broker. */
struct collect *collect_create(const struct collect_conf *conf, const struct identity_key *key, struct fail *fail);
/* What still waits is dropped: stop first. NULL is fine. */
void collect_destroy(struct collect *collect);

/* Reloadable keys of *conf may have changed: they hold from the next request on. False: the hooks, whose secrets stand in files,
 * are those of before, *fail says why. */
bool collect_reconfigure(struct collect *collect, struct fail *fail);
/* For the metrics: the file was read again. */
void collect_count_reload(struct collect *collect, bool taken);

#define COLLECT_FDS_MAX 3
/* Descriptors to watch for reading; the list may change with a turn. Returns how many. */
unsigned collect_fds(const struct collect *collect, int ret_fds[static COLLECT_FDS_MAX]);
/* Moves everything along that can move. Returns ms until it wants to be called again without an event. */
int collect_turn(struct collect *collect);

const char *collect_address(const struct collect *collect);
const char *collect_admin_address(const struct collect *collect); /* "": there is none */

/* Is a broker connected? Then what is sent is taken. */
bool collect_is_up(const struct collect *collect);
/* Does a request wait that should long have had its answer, be it 503? */
bool collect_is_stuck(const struct collect *collect);
/* One line for whoever looks after it: state, what came, what waits, the last trouble's class. */
void collect_say(const struct collect *collect, char *ret_text, size_t size);

/* No more connections; what comes on those that there are is still taken, and each is closed with its answer. */
void collect_quiesce(struct collect *collect);
/* Is every request answered and its answer with the client, none on its way here, and every count of what was dropped
 * reported? `silent`: a new connection that has said nothing yet is waited for, too. */
bool collect_is_idle(const struct collect *collect, bool silent);
/* Gives up on acknowledgements: what waits is answered 503, and so is what still comes. */
void collect_give_up(struct collect *collect);
