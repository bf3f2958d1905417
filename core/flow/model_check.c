#include "core/flow/model_check.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/findings.h"
#include "core/base/text.h"
#include "core/flow/match_cover.h"

/* ---- Conditions against each other ---- */

struct held {
	struct cover_condition cover;
	unsigned rule;
	const struct held *by; /* what takes all of it, of another rule; NULL: nothing that is known */
};

/* The conditions of a channel of a process, in the order in which they are asked. */
struct channel_check {
	const struct model_process *process;
	struct findings *findings;
	struct held *conditions;
	size_t count;
};

/* Where the wider one comes first, the other one is never asked for anything. But a rule that claims does so also where another one takes
 * the touch. */
static void hold_against(struct channel_check *check, struct held *held)
{
	const struct model_rule *rules = check->process->rules, *rule = &rules[held->rule];
	for (const struct held *first = check->conditions; first < held; first++) {
		if ((rule->claims && !rules[first->rule].claims) ||
		    (first->rule != held->rule && first->by != NULL) ||
		    !cover_condition(&first->cover, &held->cover)) {
			continue;
		}
		if (first->rule != held->rule) {
			held->by = first;
			return;
		}
		char instead[FINDING_TEXT_SIZE];
		snprintf(instead, sizeof(instead), "leave line %u out", held->cover.about->line);
		findings_add(
			check->findings, FINDING_ADVICE, check->process->file, held->cover.about->line, instead,
			"rule \"%s\": this condition takes nothing that the one on line %u does not take already",
			rule->name, first->cover.about->line);
		return;
	}
}

static void say_dead_condition(const struct channel_check *check, const struct held *held)
{
	char instead[FINDING_TEXT_SIZE];
	const struct model_rule *rule = &check->process->rules[held->rule];
	const struct model_rule *taker = &check->process->rules[held->by->rule];
	snprintf(instead, sizeof(instead), "put \"%s\" before \"%s\", or leave line %u out", rule->name,
		 taker->name, held->cover.about->line);
	findings_add(check->findings, FINDING_WARNING, check->process->file, held->cover.about->line, instead,
		     "rule \"%s\": this condition never takes anything: rule \"%s\", which stands before it, "
		     "takes all of it "
		     "(line %u)",
		     rule->name, taker->name, held->by->cover.about->line);
}

static void say_dead(const struct channel_check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		if (check->conditions[i].by != NULL) {
			say_dead_condition(check, &check->conditions[i]);
		}
	}
}

static void check_channel(struct channel_check *check, enum channel channel, struct arena *arena)
{
	const struct model_process *process = check->process;
	size_t total = 0;
	check->count = 0;
	for (unsigned r = 0; r < process->rule_count; r++) {
		const struct model_rule *rule = &process->rules[r];
		total += rule->channel == channel ? rule->condition_count : 0;
		for (unsigned i = 0; rule->channel == channel && i < rule->condition_count; i++) {
			struct held *held = &check->conditions[check->count];
			if (check->count == MODEL_CHECK_CONDITIONS_MAX) {
				break;
			}
			*held = (struct held){.rule = r};
			if (!cover_condition_init(&held->cover, &rule->conditions[i], arena)) {
				break;
			}
			hold_against(check, held);
			check->count++;
		}
	}
	say_dead(check);
	if (check->count < total) {
		findings_add(check->findings, FINDING_ADVICE, process->file, 0, NULL,
			     "only the first %zu of %zu conditions of channel %s were held against each other",
			     check->count, total, channel_name(channel));
	}
}

/* Only how points differ from phase to phase says anything. */
static void check_points(const struct model_process *process, struct findings *findings)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		const struct model_rule *rule = &process->rules[r];
		bool equal = rule->points[0] > 0;
		for (unsigned k = 1; k < process->states; k++) {
			equal = equal && rule->points[k] == rule->points[0];
		}
		if (equal) {
			findings_add(findings, FINDING_ADVICE, process->file, rule->line,
				     "more points for some phases than for others, or no points",
				     "rule \"%s\" gives every phase the same %u points, which says nothing",
				     rule->name, rule->points[0]);
		}
	}
}

void model_check_rules(const struct model *model, struct findings *findings)
{
	struct arena room;
	bool ready = arena_init(&room, (size_t)64 * 1024 * 1024);
	CHECK(ready);
	for (unsigned p = 0; p < model->process_count; p++) {
		struct channel_check check = {.process = &model->processes[p], .findings = findings};
		for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
			arena_back(&room, 0);
			check.conditions =
				arena_array(&room, MODEL_CHECK_CONDITIONS_MAX, sizeof(*check.conditions));
			CHECK(check.conditions != NULL);
			check_channel(&check, (enum channel)c, &room);
		}
		check_points(check.process, findings);
	}
	arena_finish(&room);
}

/* ---- Contents ---- */

/* Of contents the first whose id a touch carries is taken, else the first whose path it shows. */
static void check_hidden(const struct model_process *process, unsigned number, const struct cover_pattern *paths,
			 struct findings *findings)
{
	const struct model_content *content = &process->contents[number], *by = NULL;
	bool id = content->content_id != NULL, path = content->path.text != NULL;
	for (unsigned i = 0; i < number && (id || path); i++) {
		const struct model_content *first = &process->contents[i];
		if (id && first->content_id != NULL && strcmp(first->content_id, content->content_id) == 0) {
			id = false;
			by = first;
		}
		if (path && first->path.text != NULL && cover_pattern(&paths[i], &paths[number])) {
			path = false;
			by = first;
		}
	}
	if (by != NULL && !id && !path) {
		findings_add(findings, FINDING_WARNING, process->file, content->line,
			     "put the one that is known by less first, or leave one of them out",
			     "content \"%s\" is never found: \"%s\" on line %u, which stands before it, is known "
			     "by the same",
			     content->name, by->name, by->line);
	}
}

/* A view of it, or a click on it in a mail. */
static struct subject subject_of(const struct model_process *process, const struct model_content *content,
				 enum channel channel)
{
	const char *path = content->path.text != NULL ? content->path.text : "";
	bool is_page = channel != CHANNEL_EMAIL;
	return (struct subject){
		.source = "",
		.site = "",
		.channel = (int)channel,
		.process = process->name,
		.action = is_page ? ACTION_PAGE_VIEW : ACTION_EMAIL_CLICK,
		.label = "",
		.host = "",
		.path = is_page ? path : "",
		.title = content->title != NULL ? content->title : "",
		.content_id = content->content_id != NULL ? content->content_id : "",
		.form_id = "",
		.target_host = "",
		.target_path = is_page ? "" : path,
		.topic = "",
		.engagement = 4,
	};
}

/* Does a condition look for it, given all else that it asks for? Where it asks for what is not known of a content, it may. */
static bool may_take(const struct matcher *matcher, unsigned p, unsigned r,
		     const struct model_condition *condition, const struct model_content *content)
{
	const struct model_process *process = &matcher_model(matcher)->processes[p];
	const struct model_rule *rule = &process->rules[r];
	struct subject subject = subject_of(process, content, rule->channel);
	bool looks = condition->path.text != NULL || condition->target.text != NULL ||
		     condition->title.text != NULL || condition->content != NULL;
	bool unknown = condition->label.text != NULL || condition->form.text != NULL ||
		       condition->property_key != NULL ||
		       (condition->title.text != NULL && content->title == NULL);
	if (!looks || unknown) {
		return looks;
	}
	subject.action = condition->action != 0 ? condition->action : subject.action;
	subject.source = condition->source != NULL ? condition->source : "";
	subject.site = condition->site != NULL ? condition->site : "";
	subject.host = condition->host != NULL ? condition->host : "";
	subject.target_host = condition->target_host != NULL ? condition->target_host : "";
	subject.topic = condition->topic != NULL ? condition->topic : "";
	if (condition->target.text != NULL) {
		subject.target_path = content->path.text != NULL ? content->path.text : "";
	}
	return matcher_rule_holds(matcher, p, r, &subject, NULL);
}

static bool some_rule_may_take(const struct matcher *matcher, unsigned p, const struct model_content *content)
{
	const struct model_process *process = &matcher_model(matcher)->processes[p];
	for (unsigned r = 0; r < process->rule_count; r++) {
		const struct model_rule *rule = &process->rules[r];
		for (unsigned i = 0; !rule->other && i < rule->condition_count; i++) {
			if (may_take(matcher, p, r, &rule->conditions[i], content)) {
				return true;
			}
		}
	}
	return false;
}

static void say_untaken(const struct model_process *process, const struct model_content *content,
			struct findings *findings)
{
	char instead[FINDING_TEXT_SIZE];
	snprintf(instead, sizeof(instead),
		 "\"- {content: %s}\" below \"match\" of a rule that speaks for %s; or \"phase: all\"",
		 content->name, main_phase_name(content->phase));
	findings_add(findings, FINDING_WARNING, process->file, content->line, instead,
		     "content \"%s\" serves %s, but no rule takes it: whoever reads it says nothing by that",
		     content->name, main_phase_name(content->phase));
}

static void check_phase(const struct model_process *process, const struct model_content *content,
			const struct model_rule *rule, struct findings *findings)
{
	unsigned any = 0, own = 0;
	for (unsigned k = 1; k < process->states; k++) {
		any += rule->points[k];
		own += process->state_main[k] == content->phase ? rule->points[k] : 0;
	}
	if (any > 0 && own == 0) {
		char instead[FINDING_TEXT_SIZE];
		snprintf(instead, sizeof(instead),
			 "a rule of its own before \"%s\", points for %s there, or another \"phase\" here",
			 rule->name, main_phase_name(content->phase));
		findings_add(findings, FINDING_ADVICE, process->file, content->line, instead,
			     "content \"%s\" serves %s, but rule \"%s\" (line %u), which takes it, has no points "
			     "for %s",
			     content->name, main_phase_name(content->phase), rule->name, rule->line,
			     main_phase_name(content->phase));
	}
}

/* Only of what is known exactly: what a pattern may take besides is not guessed. */
static void check_taken(const struct matcher *matcher, unsigned p, const struct model_content *content,
			struct findings *findings)
{
	const struct model_process *process = &matcher_model(matcher)->processes[p];
	struct match match;
	if (content->phase == MAIN_NONE || (content->path.text != NULL && content->path.kind != MODEL_IS)) {
		return;
	}
	struct subject subject = subject_of(process, content, CHANNEL_WEB);
	matcher_match(matcher, &subject, &match);
	CHECK(match.rule != MATCH_NO_RULE);
	const struct model_rule *rule = &process->rules[match.rule];
	if (!rule->other) {
		check_phase(process, content, rule, findings);
	} else if (!some_rule_may_take(matcher, p, content)) {
		say_untaken(process, content, findings);
	}
}

void model_check_contents(const struct model *model, const struct matcher *matcher, struct findings *findings)
{
	struct arena room;
	bool ready = arena_init(&room, (size_t)64 * 1024 * 1024);
	CHECK(ready);
	for (unsigned p = 0; p < model->process_count; p++) {
		const struct model_process *process = &model->processes[p];
		arena_back(&room, 0);
		struct cover_pattern *paths = arena_zero(&room, process->content_count, sizeof(*paths));
		CHECK(paths != NULL);
		for (unsigned i = 0; i < process->content_count; i++) {
			bool fits = cover_pattern_init(&paths[i], &process->contents[i].path, &room);
			CHECK(fits);
			check_hidden(process, i, paths, findings);
			check_taken(matcher, p, &process->contents[i], findings);
		}
	}
	arena_finish(&room);
}

/* ---- Topics ---- */

void model_check_topics(const struct model *model, const char *const *topics, size_t count,
			struct findings *findings)
{
	for (unsigned p = 0; p < model->process_count; p++) {
		const struct model_process *process = &model->processes[p];
		for (unsigned r = 0; r < process->rule_count; r++) {
			const struct model_rule *rule = &process->rules[r];
			for (unsigned i = 0; i < rule->condition_count; i++) {
				const char *topic = rule->conditions[i].topic;
				bool known = topic == NULL;
				for (size_t t = 0; t < count && !known; t++) {
					known = strcmp(topics[t], topic) == 0;
				}
				if (known) {
					continue;
				}
				const char *nearest = text_nearest(topic, topics, count);
				char instead[FINDING_TEXT_SIZE];
				snprintf(instead, sizeof(instead), "%s%s%s",
					 nearest != NULL ? "did you mean \""
							 : "words for it in topics.yaml, unless the sender names "
							   "it himself",
					 nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
				findings_add(findings, FINDING_WARNING, process->file, rule->conditions[i].line,
					     instead,
					     "rule \"%s\": topic \"%s\" is none that topics.yaml has words for",
					     rule->name, topic);
			}
		}
	}
}
