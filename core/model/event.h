/*
 * An event: what a source sent, as the daemon's other parts see it once DECODE has ended all distrust.
 *
 * Mirrors message phased.v1.Event (proto/phased/v1/event.proto says what each field means). Texts are valid UTF-8,
 * NUL-terminated, within their limit, "" when absent; they live in the arena of the batch or request.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_MESSAGE_SIZE_MAX ((size_t)64 * 1024)
#define EVENT_DEPTH_MAX 8
#define EVENT_PROPERTIES_MAX 64
#define EVENT_CONTACT_IDS_MAX 64

/* Channel, Action, Party, State: numbers as in event.proto. */
enum channel {
	CHANNEL_UNSAID,
	CHANNEL_WEB,
	CHANNEL_EMAIL,
	CHANNEL_CHAT,
	CHANNEL_CRM,
	CHANNEL_OFFLINE,
	CHANNEL_COUNT
};

/* X(name, number, evidence): 1 = may be evidence where a rule matches, 0 = never evidence, whatever matches. */
/* clang-format off */
#define ACTION_LIST(X) \
	X(IDENTIFY, 1, 0) X(GROUP, 2, 0) X(ALIAS, 3, 0) X(CONSENT, 4, 0) X(CONFIRM, 5, 0) X(CUSTOM, 6, 1) X(TOUCH, 7, 0) \
	X(PAGE_VIEW, 100, 1) X(PAGE_ENGAGED, 101, 1) X(SITE_SEARCH, 102, 1) X(CONTENT_DOWNLOAD, 103, 1) \
	X(LINK_OUT, 104, 1) X(BUTTON_CLICK, 105, 1) X(FORM_START, 106, 1) X(FORM_SUBMIT, 107, 1) \
	X(VIDEO_PLAY, 108, 1) X(VIDEO_COMPLETE, 109, 1) \
	X(EMAIL_SENT, 200, 0) X(EMAIL_DELIVERED, 201, 0) X(EMAIL_OPEN, 202, 1) X(EMAIL_CLICK, 203, 1) \
	X(EMAIL_REPLY, 204, 1) X(EMAIL_FORWARD, 205, 1) X(EMAIL_BOUNCE, 206, 0) X(EMAIL_COMPLAINT, 207, 0) \
	X(EMAIL_UNSUBSCRIBE, 208, 0) \
	X(CHAT_STARTED, 300, 0) X(CHAT_MESSAGE, 301, 1) X(CHAT_ASSIGNED, 302, 0) X(CHAT_CLOSED, 303, 0) \
	X(CHAT_RATED, 304, 0) \
	X(OPP_CHANGED, 400, 0)
/* clang-format on */

enum action {
	ACTION_UNSAID = 0,
#define ACTION_ENUM(name, number, evidence) ACTION_##name = (number),
	ACTION_LIST(ACTION_ENUM)
#undef ACTION_ENUM
};

/* "PAGE_VIEW" …; "UNSAID" for 0 and NULL for a number that is none. */
const char *action_name(int action);
/* The number of a name in any case, or -1. */
int action_read(const char *name);
/* May a touch with this action on this channel be evidence? (Of a PERSON; channels CRM and OFFLINE never, save that
 * CONFIRM is its own kind: a fact, not evidence.) */
bool action_is_evidence(int action, enum channel channel);
const char *channel_name(enum channel channel); /* "web", "email", … */
int channel_read(const char *name);		/* any case; -1 when it is none */

enum party {
	PARTY_UNSAID,
	PARTY_PERSON,
	PARTY_AGENT,
	PARTY_BOT,
	PARTY_SYSTEM,
	PARTY_COUNT
}; /* UNSAID counts as PERSON */
enum opportunity_state {
	OPPORTUNITY_UNSAID,
	OPPORTUNITY_OPEN,
	OPPORTUNITY_WON,
	OPPORTUNITY_LOST,
	OPPORTUNITY_DELETED,
	OPPORTUNITY_COUNT
};
const char *opportunity_state_name(enum opportunity_state state); /* "open", "won", …; "" for UNSAID */
/* In the order of how much they restrict: of two statements at one place the greater holds. */
enum statement { STATEMENT_UNSAID, STATEMENT_GRANTED, STATEMENT_DENIED, STATEMENT_WITHDRAWN, STATEMENT_COUNT };

/* Machine reasons, a bit each. */
enum machine_reason {
	MACHINE_PROVIDER_FLAG = 1 << 0,
	MACHINE_USER_AGENT = 1 << 1,
	MACHINE_NO_USER_AGENT = 1 << 2,
	MACHINE_WEBDRIVER = 1 << 3,
	MACHINE_PREFETCH = 1 << 4,
	MACHINE_TOO_SOON = 1 << 5,
	MACHINE_ALL_LINKS = 1 << 6,
	MACHINE_HONEYPOT = 1 << 7,
	MACHINE_NETWORK = 1 << 8,
	MACHINE_IMAGE_PROXY = 1 << 9,
	MACHINE_BURST = 1 << 10,
	MACHINE_MONITORING = 1 << 11,
	MACHINE_SAID = 0xffff, /* what an event may say */
	/* Of a stored touch, as the database has found: too soon after its mail was delivered; around a click that no person makes; one of
	 * several links within seconds. */
	MACHINE_FOUND_SOON = 1 << 16,
	MACHINE_FOUND_TRAP = 1 << 17,
	MACHINE_FOUND_LINKS = 1 << 18,
	MACHINE_FOUND = MACHINE_FOUND_SOON | MACHINE_FOUND_TRAP | MACHINE_FOUND_LINKS
};

struct event_property {
	const char *key;   /* ≤ 64 */
	const char *value; /* ≤ 256; numbers and booleans written as text */
};

struct event {
	const char *id;	      /* 1–128 */
	const char *source;   /* [a-z0-9_-]{1,32} */
	const char *site;     /* ≤ 64 */
	enum channel channel; /* never UNSAID after decode */
	int action;	      /* a known enum action, never UNSAID after decode */
	const char *label;    /* ≤ 128 */
	int64_t occurred_us;
	int64_t stamped_us;  /* never 0 after decode: equals occurred_us when the sender has none */
	int64_t received_us; /* never 0 after decode: the record's timestamp when the event says none */
	enum party party;    /* never UNSAID after decode */

	struct {
		const char *anonymous_id, *visitor_id, *recipient_id; /* weak, ≤ 256 */
		const char *email;				      /* ≤ 254 */
		bool has_email_actor; /* the address's actor id in place of the address */
		uint8_t email_actor[16];
		const char *user_id, *crm_id;				    /* strong, ≤ 256 */
		const char *previous_id;				    /* ALIAS, ≤ 256 */
		const char *name, *title, *role, *company, *company_domain; /* as declared, ≤ 128 each */
		bool verified;
	} identity;

	struct {
		enum statement analytics;	 /* about this event alone */
		enum statement profile, contact; /* about the person */
		const char *policy;		 /* ≤ 64 */
		bool gpc, dnt, anonymous;
	} consent;

	struct {
		const char *url, *title, *content_id, *form_id,
			*target_url; /* urls ≤ 1024, title ≤ 256, ids ≤ 128 */
		const char *search, *topic, *language,
			*referrer; /* 256, 256, 16, 1024; topic: names, sorted, ',' between */
	} content;

	struct {
		const char *source, *medium, *name, *term, *content, *message_id; /* ≤ 128 each */
	} campaign;

	uint32_t machine_reasons;
	const char *session_id, *thread_id, *process; /* ≤ 128, 128, 32 */

	struct {
		bool present;
		const char *id, *stage; /* ≤ 128 */
		enum opportunity_state state;
		double probability;   /* 0..1, NaN when unsaid */
		double amount;	      /* NaN when unsaid */
		const char *currency; /* ≤ 3 */
		int64_t close_us;     /* 0 = unsaid */
		const char *owner;    /* ≤ 128 */
		unsigned contact_ids_count;
		const char **contact_ids; /* ≤ 256 each */
		unsigned left_contact_ids_count;
		const char **left_contact_ids; /* likewise */
	} opportunity;

	bool has_value, has_rating;
	double value, rating;
	uint32_t engaged_ms, scroll_percent; /* percent: 0..100 */
	unsigned properties_count;
	struct event_property *properties;
};

/* What a field that is absent reads as: texts are empty, never NULL. */
extern const struct event event_blank;
