#include "tests/accuracy/folding.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/smooth.h"

const char *const folding_names[FOLDING_KINDS] = {
	[FOLDING_WHOLE] = "phased",
	[FOLDING_BARE_FACTORS] = "no normalisation",
	[FOLDING_NO_CAP] = "no repeat cap",
	[FOLDING_OPENS] = "opens counted",
	[FOLDING_SCANNERS] = "scanner filter off",
};

/* ---- Tables ---- */

static void bare_factors(struct fold_process *process, const struct model_process *model)
{
	for (unsigned r = 0; r < model->rule_count; r++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			process->factor[r][k] = exp(model->unit * model->rules[r].points[k]);
		}
	}
}

static void copy_rules(struct folding *folding)
{
	struct fold_process *process = &folding->process;
	folding->copies = PHASE_RULES_MAX / folding->rules;
	for (unsigned r = folding->rules; r < folding->rules * folding->copies; r++) {
		unsigned of = r % folding->rules;
		memcpy(process->factor[r], process->factor[of], sizeof(process->factor[r]));
		process->has_points[r] = process->has_points[of];
		process->ignored[r] = process->ignored[of];
	}
	process->rule_count = folding->rules * folding->copies;
}

void folding_init(struct folding *ret_folding, const struct model_process *model, enum folding_kind kind)
{
	struct model_process altered = *model;
	struct model_rule rules[PHASE_RULES_MAX];
	CHECK(model->rule_count <= PHASE_RULES_MAX);
	memcpy(rules, model->rules, model->rule_count * sizeof(rules[0]));
	altered.rules = rules;
	for (unsigned r = 0; r < model->rule_count; r++) {
		rules[r].ignored = rules[r].ignored && kind != FOLDING_OPENS;
	}
	ret_folding->kind = kind;
	ret_folding->rules = model->rule_count;
	ret_folding->copies = 1;
	fold_process_init(&ret_folding->process, &altered);
	if (kind == FOLDING_BARE_FACTORS) {
		bare_factors(&ret_folding->process, model);
	}
	if (kind == FOLDING_NO_CAP) {
		copy_rules(ret_folding);
	}
}

/* ---- Touches ---- */

static void prepare(const struct folding *folding, const struct life *life, struct fold_touch *ret_touches)
{
	unsigned seen[PHASE_RULES_MAX] = {0};
	for (size_t i = 0; i < life->touch_count; i++) {
		struct fold_touch *touch = &ret_touches[i];
		*touch = life->touches[i];
		if (folding->kind == FOLDING_SCANNERS) {
			touch->mail_click = false;
		}
		unsigned rule = touch->rule;
		touch->rule = (uint16_t)(rule + folding->rules * (seen[rule]++ % folding->copies));
	}
}

void folding_counted(const struct folding *folding, const struct life *life, bool ret_counted[LIFE_TOUCHES_MAX])
{
	static bool scratch[LIFE_TOUCHES_MAX];
	static struct phase_state state;
	fold_all(&folding->process, life->touches, life->touch_count, scratch, &state, ret_counted, NULL, NULL);
}

/* ---- Day by day ---- */

static void note(const struct phase_view *view, struct answer *ret_answer)
{
	ret_answer->phase = view->reported;
	memcpy(ret_answer->main, view->main, sizeof(ret_answer->main));
	ret_answer->shown = view->shown;
	ret_answer->band = view->band;
	ret_answer->fine = view->fine;
}

void folding_tell(const struct folding *folding, const struct life *life, struct told *ret_told)
{
	static bool scratch[LIFE_TOUCHES_MAX];
	static struct fold_touch touches[LIFE_TOUCHES_MAX];
	static struct phase_state state;
	size_t done = 0;
	prepare(folding, life, touches);
	fold_start(&folding->process, &state);
	unsigned from_day = life->days;
	for (unsigned day = 0; day < life->days; day++) {
		int64_t end_ms = WORLD_START_MS + (day + 1) * DAY_MS;
		size_t end = done;
		while (end < life->touch_count && touches[end].ms < end_ms) {
			end++;
		}
		for (; done < end; done++) {
			enum fold_result result = fold_touch(&folding->process, &state, &touches[done]);
			if (result == FOLD_LATE || result == FOLD_BURST) {
				fold_all(&folding->process, touches, end, scratch, &state, NULL, NULL, NULL);
				done = end;
				break;
			}
		}
		struct phase_view view;
		fold_view(&folding->process, &state, end_ms, &view);
		note(&view, &ret_told->days[day]);
		from_day = view.counted >= FOLD_COUNTED_MIN && day < from_day ? day : from_day;
	}
	if (folding->kind == FOLDING_WHOLE) {
		ret_told->from_day = from_day;
	}
}

void folding_smooth(const struct folding *folding, const struct life *life, const bool counted[LIFE_TOUCHES_MAX],
		    struct told *ret_told)
{
	struct arena arena;
	struct smooth smooth;
	CHECK(arena_init(&arena, (size_t)1 << 20));
	CHECK(smooth_history(&folding->process, life->touches, life->touch_count, counted,
			     WORLD_START_MS + life->days * DAY_MS, WORLD_DAYS, &arena, &smooth));
	for (size_t i = 0; i < smooth.count; i++) {
		struct answer *answer = &ret_told->days[smooth.first_day - WORLD_START_MS / DAY_MS + (int64_t)i];
		*answer = (struct answer){.phase = MAIN_EARLY};
		memcpy(answer->main, smooth.days[i].main, sizeof(answer->main));
		for (unsigned m = MAIN_MID; m < MAIN_COUNT; m++) {
			answer->phase =
				answer->main[m] > answer->main[answer->phase] ? (enum main_phase)m : answer->phase;
		}
		answer->shown = shown_of_main(answer->phase);
	}
	arena_finish(&arena);
}
