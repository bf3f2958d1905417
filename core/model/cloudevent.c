#include "core/model/cloudevent.h"

const char *const cloudevent_subject_words[CLOUDEVENT_SUBJECT_COUNT + 1] = {
	[CLOUDEVENT_USER_ID] = "user_id",
	[CLOUDEVENT_CRM_ID] = "crm_id",
	[CLOUDEVENT_ANONYMOUS_ID] = "anonymous_id",
	[CLOUDEVENT_NOBODY] = "nobody",
};

#define TEXT(name, member, limit) \
	{ \
		name, CLOUDEVENT_TEXT, offsetof(struct event, member), limit \
	}
#define NAME(name, member, limit) \
	{ \
		name, CLOUDEVENT_NAME, offsetof(struct event, member), limit \
	}
#define SAID(name) \
	{ \
#name, CLOUDEVENT_STATEMENT, offsetof(struct event, consent.name), 0 \
	}

/* clang-format off */
const struct cloudevent_field cloudevent_fields[] = {
	NAME("site", site, 64),
	NAME("anonymous_id", identity.anonymous_id, 256),
	NAME("user_id", identity.user_id, 256),
	NAME("crm_id", identity.crm_id, 256),
	NAME("email", identity.email, 254),
	TEXT("name", identity.name, 128),
	TEXT("person_title", identity.title, 128),
	TEXT("role", identity.role, 128),
	TEXT("company", identity.company, 128),
	TEXT("company_domain", identity.company_domain, 128),
	TEXT("url", content.url, 1024),
	TEXT("title", content.title, 256),
	TEXT("content_id", content.content_id, 128),
	TEXT("form_id", content.form_id, 128),
	TEXT("target_url", content.target_url, 1024),
	TEXT("search", content.search, 256),
	TEXT("language", content.language, 16),
	TEXT("referrer", content.referrer, 1024),
	NAME("session_id", session_id, 128),
	NAME("thread_id", thread_id, 128),
	TEXT("label", label, 128),
	SAID(analytics),
	SAID(profile),
	SAID(contact),
	{"value", CLOUDEVENT_VALUE, 0, 0},
	{"engaged_ms", CLOUDEVENT_MS, 0, 0},
};
/* clang-format on */
const size_t cloudevent_fields_count = sizeof(cloudevent_fields) / sizeof(cloudevent_fields[0]);
