/* What the files of the program kafka_edges share. A verb gets its words behind BROKERS and returns an exit code. */
#pragma once
#include <stddef.h>

#include "core/base/fail.h"

/* Says it on stderr; returns its exit code. */
int edges_complain(const struct fail *fail);

int edges_consume(const char *brokers, char **words, size_t count);
int edges_drain(const char *brokers, char **words, size_t count);
/* By librdkafka itself: what our edges have no need to do. */
int edges_trim(const char *brokers, char **words, size_t count);
int edges_transact(const char *brokers, char **words, size_t count);
int edges_committed(const char *brokers, char **words, size_t count);
