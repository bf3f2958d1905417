/*
 * The topics that a configuration names.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/edge/conf.h"
#include "core/edge/kafka_admin.h"
#include "core/model/message.h"

#define TOPICS_ALL_MAX (TOPICS_MAX + 1) /* all that a daemon reads, and the one of erasures */

/* Each once; the one of erasures is compacted. Returns how many. */
size_t topics_of_conf(const struct conf *conf, int partitions,
		      struct kafka_topic ret_topics[static TOPICS_ALL_MAX]);
/* The topic of erasures, which is there, is cleaned up by compaction and nothing else. False: it is not, or *fail says why nobody knows. */
bool topics_keep_erasures(const struct conf *conf, unsigned ms_max, struct fail *fail);
/* Where events of a channel go: offline ones with the CRM's. "" when the configuration names none. */
const char *topics_of_channel(const struct conf *conf, enum channel channel);
