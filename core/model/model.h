/*
 * The phase model as read from its files: processes, fine phases, rules. Plain data; who matches is flow/match, who
 * folds is flow/fold. Lives in the arena of its reader.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/event.h"
#include "core/model/phase.h"

#define MODEL_PROCESSES_MAX 8
#define MODEL_CONDITIONS_MAX 64 /* alternatives of one rule */
#define MODEL_CONTENTS_MAX 4096 /* of one process */
#define MODEL_NAME_SIZE_MAX 64
#define MODEL_TEXT_SIZE_MAX 256 /* of what a condition asks to be equal */
#define MODEL_LEARNED_MIN 1e-6
#define MODEL_LEARNED_MAX 1e6

/* 1, e^½, e, e^1½ as literals, so that they are the same bits whatever libm there is. */
#define MODEL_POWERS_HALF \
	{ \
		1.0, 0x1.a61298e1e069cp+0, 0x1.5bf0a8b145769p+1, 0x1.1ed3fe64fc541p+2 \
	}

enum rule_frequency { RULE_COMMON, RULE_NORMAL, RULE_RARE, RULE_FREQUENCY_COUNT }; /* b = 4, 1, ¼ */

extern const char *const rule_frequency_names[RULE_FREQUENCY_COUNT + 1]; /* for who reads them; NULL ends */
/* "common", "normal", "rare". */
const char *rule_frequency_name(enum rule_frequency frequency);

/* How a text is compared, always caselessly in all alphabets. */
enum model_kind {
	MODEL_REGEX, /* PCRE2, bounded, anchored only where it says so: the rule where a file gives a plain text */
	MODEL_IS,    /* all of the text */
	MODEL_STARTS, /* its beginning */
	MODEL_GLOB,   /* all of it; * is any run of characters, ? one, \ takes the next as it is */
	MODEL_KIND_COUNT
};

struct model_pattern {
	const char *text; /* NULL: not given */
	enum model_kind kind;
};

/* All that are given must hold. Texts: NULL when not given. */
struct model_condition {
	int action;			/* 0: any */
	const char *source, *site;	/* equal */
	const char *host, *target_host; /* equal, or a domain above it; ports are not looked at */
	const char *content;		/* name of a content of this process */
	const char *topic;		/* one of the subject's topics, equal */
	struct model_pattern label, path, title, form;
	struct model_pattern target; /* on the path of the target */
	const char *property_key;    /* equal */
	struct model_pattern property_value;
	int engagement_min; /* class 0..4 */
	unsigned line;	    /* in the file, for errors */
};

struct model_rule {
	const char *name; /* "web.pricing": channel, dot, word */
	enum channel channel;
	enum rule_frequency frequency;
	bool ignored;		       /* evidence: ignored */
	bool claims;		       /* a match makes the subject this process's */
	unsigned points[PHASE_STATES]; /* 0..3 */
	const double
		*learned; /* what e^(u·points) of each state is multiplied by, > 0; NULL: nothing was learned */
	unsigned condition_count;
	const struct model_condition *conditions; /* one of them must hold */
	bool other; /* "web.other": takes, beside those, what no other rule of its channel took */
	/* An event that must match it. NULL: an `other` rule that the file had not. */
	const struct event *example;
	unsigned line;
};

struct model_content {
	const char *name;	   /* stable id of the thing */
	const char *title;	   /* NULL when not given */
	struct model_pattern path; /* on the path of the page, or of the target where there is no page */
	const char *content_id;	   /* equal; NULL: none */
	enum main_phase phase;	   /* it serves; MAIN_NONE: all, so it speaks for none */
	unsigned line;
};

struct model_process {
	const char *file;			  /* it was read from, for errors */
	const char *name;			  /* "standard" */
	unsigned states;			  /* fine phases + none: 2..8 */
	const char *state_names[PHASE_STATES];	  /* [0] = "none" */
	enum main_phase state_main[PHASE_STATES]; /* [0] = MAIN_NONE */
	double prior[PHASE_STATES];
	double entry[PHASE_STATES]; /* share of 0 → k; [0] = 0 */
	double dwell_days, dwell_none_days, back, stall;
	double unit;	     /* u, ½ */
	double power[4];     /* e^(u·points) for 0 to 3 points: MODEL_POWERS_HALF where u is ½ */
	unsigned rule_count; /* ≤ PHASE_RULES_MAX, `other` ones added */
	const struct model_rule *rules;
	unsigned content_count;
	const struct model_content *contents;
};

struct model {
	uint64_t version; /* first 64 bits of SHA-256 of all process files, canonical */
	unsigned process_count;
	const struct model_process *processes; /* by name, `standard` last */
	const char *text;		       /* canonical text: what table model keeps and a daemon reads back */
	size_t text_size;
};
