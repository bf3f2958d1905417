/*
 * What the adapters of chats share. The text of a message is asked for its topics and goes no further. Pure.
 */
#pragma once
#include "collector/source/reading.h"

/* Topics of a text, sorted, as content.topic; NULL: there is none. */
enum outcome chat_topics(struct reading *reading, const char *text);

/* A rating within [low, high] as 0 to 100; the number as it was given is property "rating". NULL, and what is none: left out. */
enum outcome chat_rating(struct reading *reading, const struct json_node *node, double low, double high);
