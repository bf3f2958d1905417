/*
 * SIGHUP: the configuration file is read again between two chores, and what may change while we run takes effect.
 *
 * Nothing that is under way is touched: batches begun go on as they were begun.
 */
#include "core/base/log.h"
#include "core/edge/conf_live.h"
#include "core/edge/service.h"
#include "daemon/loop_inside.h"

/* Who copied something out of the configuration copies it anew; all others read it through the pointer. */
static void take_effect(struct loop *loop)
{
	const struct conf *conf = loop->options->conf;
	log_start((enum log_level)conf->log.level);
	breaker_set_percent(loop->breaker, (unsigned)conf->breaker.percent);
	for (unsigned i = 0; i < loop->lane_count; i++) {
		batch_reconfigure(loop->lanes[i].batch);
	}
}

void loop_reload(struct loop *loop)
{
	struct conf_live *live = loop->options->live;
	if (!loop->reload_wanted || live == NULL || loop->stage != STAGE_RUNNING) {
		return;
	}
	loop->reload_wanted = false;
	service_reloading(loop->options->service);
	struct conf_changes changes;
	struct fail fail;
	bool good = conf_live_reload(live, &changes, &fail);
	if (good) {
		take_effect(loop);
		char said[CONF_CHANGES_TEXT_SIZE];
		log_info("configuration: %s", conf_changes_say(&changes, live, said, sizeof(said)));
	} else {
		log_error("configuration: not taken over, what was in force still is: %s", fail.text);
	}
	(good ? &loop->options->counters->reloads_taken : &loop->options->counters->reloads_refused)->value++;
	service_reloaded(loop->options->service, good ? NULL : fail.text);
}
