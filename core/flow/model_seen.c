#include "core/flow/model_seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/findings.h"

#define ASKED_MAX 500000 /* how often a rule that nobody reached is held against a subject: some seconds */
#define OTHER_MUCH .5	 /* of a channel's touches, taken by no rule of their own: then it is said */

/* ---- What was seen of a process ---- */

struct tally {
	uint64_t subjects, touches;
};

struct content_seen {
	const struct model_content *about;
	struct tally tally;
	bool all_other; /* no rule of its own took a touch of it */
};

struct process_seen {
	const struct model_seen *seen;
	struct findings *findings;
	unsigned number;
	const struct model_process *process;
	struct tally all, channels[CHANNEL_COUNT];
	struct tally rules[PHASE_RULES_MAX];
	struct content_seen by_name[MODEL_CONTENTS_MAX];
	size_t asked_left;
	char subjects[64]; /* "1234 subjects seen" */
};

static void add(struct tally *tally, uint64_t touches)
{
	tally->subjects++;
	tally->touches += touches;
}

static void count(struct process_seen *own)
{
	for (size_t i = 0; i < own->seen->count; i++) {
		const struct seen_subject *subject = &own->seen->subjects[i];
		if (subject->match.process == (int)own->number && subject->match.rule != MATCH_NO_RULE) {
			add(&own->all, subject->touches);
			add(&own->channels[subject->subject.channel], subject->touches);
			add(&own->rules[subject->match.rule], subject->touches);
		}
	}
}

/* ---- Rules that nobody reached ---- */

/* Of the touches that fit the rule those that the most were taken by: another rule, which stands before it. */
struct taken {
	uint64_t touches;
	int by;	  /* MATCH_NO_RULE: none fits */
	bool cut; /* of those that were looked at: not all were */
};

static struct taken taken_from(struct process_seen *own, unsigned rule)
{
	struct taken taken = {.by = MATCH_NO_RULE};
	uint64_t most = 0;
	for (size_t i = 0; i < own->seen->count; i++) {
		const struct seen_subject *subject = &own->seen->subjects[i];
		if (subject->match.process != (int)own->number || subject->match.rule == MATCH_NO_RULE ||
		    subject->subject.channel != (int)own->process->rules[rule].channel) {
			continue;
		}
		if (own->asked_left == 0) {
			taken.cut = true;
			break;
		}
		own->asked_left--;
		if (matcher_rule_holds(own->seen->matcher, own->number, rule, &subject->subject, NULL)) {
			taken.touches += subject->touches;
			if (subject->touches > most) {
				most = subject->touches;
				taken.by = subject->match.rule;
			}
		}
	}
	return taken;
}

static void say_unreached(struct process_seen *own, unsigned r)
{
	const struct model_rule *rule = &own->process->rules[r];
	struct taken taken = taken_from(own, r);
	char instead[FINDING_TEXT_SIZE];
	if (taken.by == MATCH_NO_RULE) {
		findings_add(own->findings, FINDING_ADVICE, own->process->file, rule->line,
			     "look whether what it asks for is still there and is called so",
			     "rule \"%s\": none of the %s %s it", rule->name, own->subjects,
			     taken.cut ? "reached" : "fits");
		return;
	}
	const struct model_rule *taker = &own->process->rules[taken.by];
	snprintf(instead, sizeof(instead), "put \"%s\" before \"%s\", if it should have them", rule->name,
		 taker->name);
	findings_add(own->findings, FINDING_WARNING, own->process->file, rule->line, instead,
		     "rule \"%s\": none of the %s reached it: %s%" PRIu64
		     " touches fit it, and went to rules that stand before it, most to \"%s\" (line %u)",
		     rule->name, own->subjects, taken.cut ? "at least " : "", taken.touches, taker->name,
		     taker->line);
}

static void check_rules(struct process_seen *own)
{
	bool silent[CHANNEL_COUNT] = {false};
	for (unsigned r = 0; r < own->process->rule_count; r++) {
		const struct model_rule *rule = &own->process->rules[r];
		if (own->rules[r].subjects > 0 || rule->other) {
			continue;
		}
		if (own->channels[rule->channel].subjects > 0) {
			say_unreached(own, r);
		} else if (!silent[rule->channel]) {
			silent[rule->channel] = true;
			findings_add(own->findings, FINDING_ADVICE, own->process->file, rule->line, NULL,
				     "of channel %s nothing was seen in process \"%s\": its rules are untried",
				     channel_name(rule->channel), own->process->name);
		}
	}
}

/* Where most touches say nothing, there are rules to be written. */
static void check_others(struct process_seen *own)
{
	for (unsigned r = 0; r < own->process->rule_count; r++) {
		const struct model_rule *rule = &own->process->rules[r];
		const struct tally *channel = &own->channels[rule->channel];
		if (rule->other && channel->touches >= FREQUENCY_TOUCHES_MIN &&
		    (double)own->rules[r].touches > OTHER_MUCH * (double)channel->touches) {
			findings_add(own->findings, FINDING_ADVICE, own->process->file, rule->line,
				     "rules for what is among them: phasectl model lint --from-db prints some",
				     "rule \"%s\" takes %.0f of 100 touches of its channel, for which there is no "
				     "better rule",
				     rule->name, 100.0 * (double)own->rules[r].touches / (double)channel->touches);
		}
	}
}

/* ---- Contents ---- */

static int compare_names(const void *a, const void *b)
{
	const struct content_seen *one = a, *other = b;
	return strcmp(one->about->name, other->about->name);
}

static struct content_seen *find_content(struct process_seen *own, const char *name)
{
	const struct model_content about = {.name = name};
	const struct content_seen wanted = {.about = &about};
	struct content_seen *found =
		bsearch(&wanted, own->by_name, own->process->content_count, sizeof(wanted), compare_names);
	CHECK(found != NULL); /* the matcher knows no others */
	return found;
}

/* In one pass over what was seen, however many contents there are. */
static void count_contents(struct process_seen *own)
{
	unsigned contents = own->process->content_count;
	for (unsigned i = 0; i < contents; i++) {
		own->by_name[i] = (struct content_seen){.about = &own->process->contents[i], .all_other = true};
	}
	qsort(own->by_name, contents, sizeof(own->by_name[0]), compare_names);
	for (size_t i = 0; i < own->seen->count; i++) {
		const struct seen_subject *subject = &own->seen->subjects[i];
		if (subject->match.process == (int)own->number && subject->match.content[0] != '\0' &&
		    subject->match.rule != MATCH_NO_RULE) {
			struct content_seen *content = find_content(own, subject->match.content);
			add(&content->tally, subject->touches);
			content->all_other &= own->process->rules[subject->match.rule].other;
		}
	}
}

static void check_contents(struct process_seen *own)
{
	char names[256] = "";
	size_t used = 0;
	unsigned unseen = 0, contents = own->process->content_count;
	count_contents(own);
	for (unsigned i = 0; i < contents; i++) {
		const struct model_content *content = &own->process->contents[i];
		const struct content_seen *seen = find_content(own, content->name);
		if (seen->tally.subjects == 0) {
			unseen++;
			if (used < sizeof(names)) {
				used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
							 used > 0 ? ", " : "", content->name);
			}
		} else if (seen->all_other && content->phase != MAIN_NONE) {
			char instead[FINDING_TEXT_SIZE];
			snprintf(instead, sizeof(instead),
				 "\"- {content: %s}\" below \"match\" of a rule that speaks for %s", content->name,
				 main_phase_name(content->phase));
			findings_add(own->findings, FINDING_WARNING, own->process->file, content->line, instead,
				     "content \"%s\" serves %s, but of its %" PRIu64 " touches no rule took one",
				     content->name, main_phase_name(content->phase), seen->tally.touches);
		}
	}
	if (unseen > 0) {
		findings_add(own->findings, FINDING_ADVICE, own->process->file, own->process->contents[0].line,
			     "look whether they are still there, below these paths and ids",
			     "%u of %u contents were not among the %s: %s%s", unseen, contents, own->subjects,
			     names, used < sizeof(names) ? "" : " …");
	}
}

/* ---- Frequencies ---- */

/* "3.2", "0.04": of 100. */
static void print_share(double share, char ret_text[static 16])
{
	double percent = 100 * share;
	snprintf(ret_text, 16, percent >= 10 ? "%.0f" : percent >= .1 ? "%.1f" : "%.2g", percent);
}

static void check_frequencies(struct process_seen *own, enum channel channel)
{
	static struct frequency_seen seen[PHASE_RULES_MAX];
	memset(seen, 0, sizeof(seen));
	if (!frequency_look(own->process, channel, own->seen->counted + (size_t)own->number * PHASE_RULES_MAX,
			    seen)) {
		return;
	}
	for (unsigned r = 0; r < own->process->rule_count; r++) {
		const struct model_rule *rule = &own->process->rules[r];
		char share[16], expected[16], instead[64];
		if (!seen[r].off || own->rules[r].touches == 0) { /* of those that nobody reached all is said */
			continue;
		}
		print_share(seen[r].share, share);
		print_share(seen[r].expected, expected);
		snprintf(instead, sizeof(instead), "frequency: %s", rule_frequency_name(seen[r].should));
		findings_add(own->findings, FINDING_ADVICE, own->process->file, rule->line, instead,
			     "rule \"%s\" is called %s, but is %s: %s of 100 touches of its channel, where about "
			     "%s would be "
			     "expected of a %s one",
			     rule->name, rule_frequency_name(rule->frequency),
			     seen[r].should < rule->frequency ? "seen more often" : "seen less", share, expected,
			     rule_frequency_name(rule->frequency));
	}
}

void model_seen_check(const struct model_seen *seen, struct findings *findings)
{
	const struct model *model = matcher_model(seen->matcher);
	static struct process_seen own;
	for (unsigned p = 0; p < model->process_count; p++) {
		own = (struct process_seen){.seen = seen,
					    .findings = findings,
					    .number = p,
					    .process = &model->processes[p],
					    .asked_left = ASKED_MAX};
		snprintf(own.subjects, sizeof(own.subjects), "%zu subjects seen%s", seen->count,
			 seen->cut ? " most" : "");
		count(&own);
		if (own.all.subjects == 0) {
			findings_add(findings, FINDING_ADVICE, own.process->file, 0, NULL,
				     "process \"%s\": none of the %s is its", own.process->name, own.subjects);
			continue;
		}
		check_rules(&own);
		check_others(&own);
		check_contents(&own);
		for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
			check_frequencies(&own, (enum channel)c);
		}
	}
}
