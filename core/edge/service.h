/*
 * What the service manager is told of us, and what it hands us: ready, reloading, stopping, one line of status, signs of
 * life; listening sockets.
 *
 * Hides libsystemd. Started by hand (NOTIFY_SOCKET, LISTEN_FDS and WATCHDOG_USEC are not set) all of it does nothing and
 * costs nothing. Nothing here blocks. No line of status holds personal data: numbers, states and classes of trouble only.
 *
 *	started ─▶ service_alive() … ─▶ service_ready() ─▶ service_alive() … ─▶ service_stopping() ─▶ ended
 *	           extends the time       once it works,      WATCHDOG=1, from a
 *	           that a start may take  not before          loop that moves
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SERVICE_STATUS_SIZE 240

struct service {
	bool is_told; /* somebody listens to what we say */
	bool is_ready, is_stopping;
	int64_t watchdog_us;  /* half of what the watchdog allows; 0: there is none */
	int64_t alive_at_us;  /* monotonic: the next sign of life */
	int64_t extend_at_us; /* while starting: the next time that more time is asked for */
	int64_t status_at_us;
	int64_t reload_us; /* when the reload under way began */
	char status[SERVICE_STATUS_SIZE];
};

void service_init(struct service *service);

/* It works: configuration, schema and servers are what they should be. Says so once; later calls do nothing. */
void service_ready(struct service *service);

/*
 * From each turn of a loop that makes progress, and from nowhere else: once what is due is not done any more this must not
 * be called, and the watchdog ends us. Waiting for a server that is slow or away is progress. Before service_ready() it
 * asks for more time to start.
 */
void service_alive(struct service *service, int64_t now_us);

/*
 * Before and after a call of such a loop that may block though nothing hangs (to look up a host's name, of name servers that
 * do not answer): says at once that we live, and asks for more time while starting. So each such call has all the time
 * that the watchdog allows.
 */
void service_blocks(struct service *service, int64_t now_us);

/* Is it time for a line of status? At most one a second, and none when nobody listens. */
bool service_wants_status(struct service *service, int64_t now_us);
/* Sends it where it differs from the last one. */
void service_status(struct service *service, const char *text);

/*
 * Around a reload of the configuration, both always: what stands between them is seen as "reloading". `why` is NULL when
 * the new configuration is in force, else why it is not (one line). `phasectl reload`, which waits for it, is told too
 * (core/edge/reload_note.h).
 */
void service_reloading(struct service *service);
void service_reloaded(struct service *service, const char *why);

/* First thing in a shutdown. */
void service_stopping(struct service *service);
/* Ends with trouble: what `systemctl status` shows of it. */
void service_failed(struct service *service, const char *text);

/* The listening socket that was handed to us under this name (FileDescriptorName=), non-blocking and close-on-exec; the
 * caller's to close, which leaves it open where it came from. -1: there is none. */
int service_socket(const char *name);
