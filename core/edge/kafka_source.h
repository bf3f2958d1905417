/*
 * Reads messages from Kafka as one member of a consumer group; hides librdkafka's consumer.
 *
 * Offsets are the caller's: the group only hands out partitions (range), positions come from the caller with
 * kafka_source_assign(), `auto.offset.reset=error`, nothing is committed but the hint of kafka_source_mirror().
 * Never blocks, never prints. Messages arrive on one queue a lane, each for the partitions of its lane, which share the
 * lane's part of the memory budget. A partition is never paused for backpressure: just stop taking, and ask for notices
 * at least once a second all the same.
 *
 *	nothing assigned ── ASSIGNED, kafka_source_assign() ──▶ assigned: take, release, take …
 *	nothing assigned ◀── REVOKED or LOST, kafka_source_unassign() ── assigned
 *
 * With an instance id librdkafka's consumer gives up for ever once another member has that id, which after an outage may be
 * our own membership before. Then LOST is said, and with its answer another consumer takes the place of that one.
 *
 * Wake-ups come only when a queue goes from empty to not empty, and do not say whose: take of each lane until
 * kafka_source_take() returns less than asked for, or keep an idle watcher on.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/model/message.h"

struct kafka_source;

struct kafka_source_options {
	const char *brokers;
	const char *group;
	const char *instance_id; /* static membership; NULL or "": none */
	const char *client_id;
	const char *const *topics; /* borrowed for life, 1 … TOPICS_MAX; a missing one is waited for */
	size_t topic_count;
	unsigned lanes; /* 1 … LANES_MAX; partitions are dealt out by partition_lane(); 0: one */
	const char *const
		*properties; /* more librdkafka settings: key, value, …, NULL; they win over ours, save for
					  those our promises rest on, which are refused; NULL: none */
	/*
	 * For messages fetched and not taken yet, librdkafka's own 350 bytes for each included, an equal part for each lane;
	 * one answer of a broker may go over it. librdkafka before 2.2 stops fetching a lane's partitions for a second once
	 * its queue is full: it must hold what is used in a second, or it becomes the limit of the rate. A newer one is told
	 * to look again after 10 ms, and gets a quarter.
	 */
	unsigned buffer_mb;
	unsigned session_ms;
};

enum kafka_notice_kind {
	KAFKA_NOTHING,	    /* no more notices */
	KAFKA_ASSIGNED,	    /* answer with kafka_source_assign() when positions are claimed (may take seconds) */
	KAFKA_REVOKED,	    /* stop using these, then answer with kafka_source_unassign() */
	KAFKA_LOST,	    /* the same, but somebody else may have them already: drop at once */
	KAFKA_AWAY,	    /* no broker can be reached; said once, until KAFKA_BACK */
	KAFKA_BACK,	    /* reached again */
	KAFKA_OUT_OF_RANGE, /* a position is not in the log: the partition has stopped until assigned anew */
	KAFKA_TROUBLE,	    /* text says what; goes on by itself (a topic that is missing, a permission …) */
	KAFKA_FATAL	    /* text says what; the program ends */
};

struct kafka_notice {
	enum kafka_notice_kind kind;
	struct partition partitions[PARTITIONS_MAX]; /* ASSIGNED, REVOKED, LOST: all of them; OUT_OF_RANGE: one */
	size_t partition_count;
	enum exit_code exit_code; /* FATAL */
	char text[256];		  /* for logs: no content of any message */
};

struct partition_start {
	struct partition partition;
	int64_t offset; /* next to read; KAFKA_SOURCE_BEGINNING where no position was ever stored */
};
#define KAFKA_SOURCE_BEGINNING (-2) /* the oldest message that the log still has */

/* Never waits for a broker. NULL: *fail says why (a setting is wrong). */
struct kafka_source *kafka_source_create(const struct kafka_source_options *options, struct fail *fail);

/* Readable when notices or messages wait; borrowed. */
int kafka_source_fd(const struct kafka_source *source);
/* Reads the wake-up; call before kafka_source_notice() and kafka_source_take(). */
void kafka_source_woken(struct kafka_source *source);
/* The next notice; kind KAFKA_NOTHING when there is none. Call at least once a second, or the group expels us. */
void kafka_source_notice(struct kafka_source *source, struct kafka_notice *ret_notice);

/*
 * Reads these partitions, and no others, from these offsets on. Each KAFKA_ASSIGNED must be answered, be it with fewer
 * partitions or none, or the group waits. May come again while assigned, to go on elsewhere. Nothing happens when the
 * assignment was revoked meanwhile.
 */
void kafka_source_assign(struct kafka_source *source, const struct partition_start *starts, size_t count);
void kafka_source_unassign(struct kafka_source *source);

/*
 * Up to `max` messages of the lane's assigned partitions, in order per partition, none before its position; they and
 * their bytes stay valid until kafka_source_release() of the same lane, which must come before its next take. None while
 * nothing is assigned.
 */
size_t kafka_source_take(struct kafka_source *source, unsigned lane, struct message *ret_messages, size_t max);
void kafka_source_release(struct kafka_source *source, unsigned lane);

/* The next offset of the newest message known of a partition (high watermark), or -1. Never asks the broker. */
int64_t kafka_source_end(const struct kafka_source *source, struct partition partition);
/* A hint for lag tools: commits offsets to the group, asynchronously, once a second at most, and forgets about it. */
void kafka_source_mirror(struct kafka_source *source, const struct partition_start *next, size_t count);

struct kafka_source_counts {
	uint64_t messages, bytes; /* taken; keys do not count */
	uint64_t rewound;	  /* dropped: came from before their partition's position */
	uint64_t holes;		  /* jumps in offsets: compaction, markers of transactions */
};
struct kafka_source_counts kafka_source_counts(const struct kafka_source *source);

/* Staged ending: release what every lane took; kafka_source_close() starts to leave; notices go on (REVOKED and LOST must be
 * answered) until kafka_source_closed(); then destroy. */
void kafka_source_close(struct kafka_source *source);
bool kafka_source_closed(const struct kafka_source *source);
/* NULL is fine; also without a close, then the group notices when the session runs out. One that has not ended yet is
 * given a second. */
void kafka_source_destroy(struct kafka_source *source);
