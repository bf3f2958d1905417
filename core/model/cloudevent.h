/*
 * CloudEvents 1.0: what their attributes and data mean to us. A type of our own carries our Event as it is; what is of any other
 * type is read by a map that configuration gives, the same for events over HTTP and on topics.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/event.h"

#define CLOUDEVENT_TYPE "io.phased.behaviour.v1" /* its data is phased.v1.Event */
#define CLOUDEVENT_SOURCE "cloudevents"		 /* of events of other types */
#define CLOUDEVENT_MADE_ID "made-"		 /* how their ids begin, which the collector keys */
#define CLOUDEVENT_PATH_SIZE_MAX 256
#define CLOUDEVENT_PROPERTY "property." /* how the name of a property in a map begins */

/* Whose id attribute subject is, unless it is an address. */
enum cloudevent_subject {
	CLOUDEVENT_USER_ID,
	CLOUDEVENT_CRM_ID,
	CLOUDEVENT_ANONYMOUS_ID,
	CLOUDEVENT_NOBODY,
	CLOUDEVENT_SUBJECT_COUNT
};
extern const char *const cloudevent_subject_words[CLOUDEVENT_SUBJECT_COUNT + 1]; /* NULL ends */

enum cloudevent_kind { CLOUDEVENT_TEXT, CLOUDEVENT_NAME, CLOUDEVENT_STATEMENT, CLOUDEVENT_VALUE, CLOUDEVENT_MS };

/* A field of struct event that data may fill. TEXT is cut to its limit; NAME, which tells somebody or something from others, is
 * refused instead. */
struct cloudevent_field {
	const char *name;
	enum cloudevent_kind kind;
	size_t offset, limit;
};
extern const struct cloudevent_field cloudevent_fields[];
extern const size_t cloudevent_fields_count;

struct cloudevent_pair {
	const struct cloudevent_field *field; /* NULL: a property */
	const char *property;
	const char *path; /* keys of the data, "order.total" */
};

struct cloudevent_map {
	enum channel channel;
	enum cloudevent_subject subject;
	const struct cloudevent_pair *pairs;
	size_t count;
};
