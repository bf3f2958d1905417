/*
 * How the service is doing, as PostgreSQL knows it: positions, the model in force, what was rejected lately. Nothing about any
 * person.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "ctl/ctl.h"

struct postgres;

/* Where a position stands in its log. */
enum service_place { PLACE_UNKNOWN, PLACE_IN_LOG, PLACE_BEFORE_LOG, PLACE_AFTER_LOG, PLACE_NO_PARTITION };

struct service_part {
	const char *topic, *owner;
	int64_t partition, next, epoch; /* next: may be POSITION_BEGINNING */
	int64_t end;			/* of the log, as its daemon last heard; -1: never */
	int64_t low, high;		/* of the log, as it is; -1: there is no such partition; -2: not known */
	int64_t oldest_us, updated_us;	/* oldest: INT64_MIN: nothing was applied yet */
	int64_t lag;			/* messages that wait; -1: cannot be told */
	double behind_s;		/* age of the oldest of them */
};

struct service {
	struct service_part *parts;
	size_t count;
	int64_t now_us;	  /* the server's */
	char model[20];	  /* "": none in force */
	int64_t model_us; /* when it was accepted */
	int64_t rejected_hour, rejected_day;
	int64_t lag;	 /* of all that can be told */
	double behind_s; /* of the farthest */
};

/* The positions of the configured group, and the time, on a connection that has seen the schema; `parts` in the arena. */
bool service_load_parts(struct ctl *ctl, struct postgres *postgres, struct arena *arena,
			struct service *ret_service, struct fail *fail);
/* All of it. */
bool service_load(struct ctl *ctl, struct postgres *postgres, struct arena *arena, struct service *ret_service,
		  struct fail *fail);
/* What the logs hold. False: Kafka is away; then all is as PostgreSQL knows it. */
bool service_ask_bounds(struct ctl *ctl, struct arena *arena, struct service *service, struct fail *fail);
/* That, and the time of the oldest messages that wait (of 64 partitions at most). */
bool service_ask_kafka(struct ctl *ctl, struct arena *arena, struct service *service, struct fail *fail);

enum service_place service_place(const struct service_part *part);
/* The log's own end, else what its daemon last heard; -1: not known. */
int64_t service_end(const struct service_part *part);
