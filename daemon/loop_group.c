/*
 * What concerns all lanes: what the consumer group hands out, claiming it in PostgreSQL, giving it back; another model.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "daemon/loop_inside.h"

#define NOTICES_A_ROUND 64

static void note_assigned(struct loop *loop, const struct kafka_notice *notice)
{
	loop->wanted_count = notice->partition_count;
	memcpy(loop->wanted, notice->partitions, notice->partition_count * sizeof(loop->wanted[0]));
	loop->claim_wanted = loop->is_member = true;
	loop->claim_is_old = loop->claim_lane != NULL;
	loop->options->counters->source_up.value = 1;
	loop->options->counters->rebalances.value++;
	log_info("kafka: %zu partitions assigned, claiming", notice->partition_count);
}

static void say_out_of_range(struct loop *loop, struct partition partition)
{
	struct lane *lane = &loop->lanes[partition_lane(partition, loop->lane_count)];
	const struct assigned *part = assignment_find(&lane->assignment, partition);
	const char *topic = loop->options->topics[partition.topic];
	loop->options->counters->out_of_range.value++;
	log_error("%s/%d: our position %lld is not in the log: the partition has stopped, the others go on, "
		  "nothing is "
		  "passed over in silence (phasectl position show, then phasectl position set --topic %s "
		  "--partition %d "
		  "--to …)",
		  topic, (int)partition.number, part != NULL ? (long long)part->next_offset : -1LL, topic,
		  (int)partition.number);
}

void loop_read_notices(struct loop *loop)
{
	struct kafka_notice *notice = &loop->notice;
	for (unsigned i = 0; i < NOTICES_A_ROUND; i++) {
		loop->io.ops->source_notice(loop->io.self, notice);
		switch (notice->kind) {
		case KAFKA_NOTHING:
			return;
		case KAFKA_ASSIGNED:
			note_assigned(loop, notice);
			break;
		case KAFKA_REVOKED:
		case KAFKA_LOST:
			loop->claim_wanted = loop->is_member = false;
			loop->release_wanted = true;
			loop->release_now = notice->kind == KAFKA_LOST;
			log_info("kafka: partitions %s", notice->kind == KAFKA_LOST ? "lost" : "revoked");
			break;
		case KAFKA_AWAY:
			loop->options->counters->source_up.value = 0;
			loop_note_trouble(loop, "kafka: away", "");
			if (log_allowed(&loop->kafka_limit)) {
				log_warning("kafka: away (%s), waiting%s", notice->text,
					    log_held_back(&loop->kafka_limit));
			}
			break;
		case KAFKA_BACK:
			loop->options->counters->source_up.value = 1;
			log_info("kafka: reached");
			break;
		case KAFKA_TROUBLE:
			if (log_allowed(&loop->kafka_limit)) {
				log_warning("kafka: %s%s", notice->text, log_held_back(&loop->kafka_limit));
			}
			break;
		case KAFKA_OUT_OF_RANGE:
			say_out_of_range(loop, notice->partitions[0]);
			break;
		case KAFKA_FATAL: {
			struct fail fail;
			fail_set(&fail, FAIL_FATAL, notice->exit_code, "kafka: %s", notice->text);
			loop_give_up(loop, &fail);
			return;
		}
		}
	}
}

void loop_release(struct loop *loop)
{
	if (!loop->release_wanted || (loop_is_busy(loop) && !loop->release_now)) {
		return;
	}
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "kafka: partitions lost while a transaction was under way");
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (batch_is_busy(loop->lanes[i].batch)) {
			lane_lost(&loop->lanes[i], &fail);
		}
		assignment_clear(&loop->lanes[i].assignment);
	}
	loop_hand_back(loop);
	loop->io.ops->source_unassign(loop->io.self);
	loop->release_wanted = loop->release_now = false;
	log_debug("kafka: partitions given back, nothing of them is under way");
}

/* ---- another model ---- */

void loop_change_model(struct loop *loop)
{
	if (loop->engine_next == NULL || loop_is_busy(loop)) {
		return;
	}
	if (loop->engine != NULL) { /* items in hand were matched by the old one: read them again */
		loop_hand_back(loop);
		loop->claim_wanted = loop->is_member;
	}
	for (unsigned i = 0; i < loop->lane_count; i++) {
		batch_set_engine(loop->lanes[i].batch, loop->engine_next);
	}
	engine_destroy(loop->engine);
	loop->engine = loop->engine_next;
	loop->engine_next = NULL;
	log_info("model: %016" PRIx64 " is in force", engine_model(loop->engine)->model->version);
}

/* ---- claims ---- */

static struct lane *idle_lane(struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (loop->lanes[i].link == LINK_UP && loop->lanes[i].turn == TURN_NONE) {
			return &loop->lanes[i];
		}
	}
	return NULL;
}

void loop_send_claim(struct loop *loop)
{
	struct lane *lane = idle_lane(loop);
	if (loop->eraser != NULL || !loop->claim_wanted || loop->release_wanted || loop->claim_lane != NULL ||
	    lane == NULL || loop->stage != STAGE_RUNNING || loop_is_busy(loop)) {
		return;
	}
	loop_hand_back(loop); /* it lies before the positions, or after them, that are claimed now */
	arena_reset(&loop->claim_arena, 0);
	loop->claim_is_old = false;
	for (size_t i = 0; i < loop->wanted_count; i++) {
		loop->claimed[i] = (struct position_row){
			.topic = loop->options->topics[loop->wanted[i].topic],
			.partition = loop->wanted[i].number,
		};
	}
	struct fail fail;
	if (lane->io.ops->store_claim(lane->io.self, loop->options->conf->kafka.group, loop->options->owner,
				      loop->claimed, loop->wanted_count, &loop->claim_arena, &fail)) {
		lane->turn = TURN_CLAIM;
		log_debug("kafka: lane %u claims %zu partitions", lane->number, loop->wanted_count);
		loop->claim_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
}

void loop_claimed(struct loop *loop)
{
	if (!loop->claim_wanted || loop->claim_is_old) { /* revoked meanwhile, and perhaps assigned anew */
		return;
	}
	struct partition_start starts[PARTITIONS_MAX];
	for (unsigned i = 0; i < loop->lane_count; i++) {
		assignment_set(&loop->lanes[i].assignment, loop->wanted, loop->claimed, loop->wanted_count, i,
			       loop->lane_count);
	}
	for (size_t i = 0; i < loop->wanted_count; i++) {
		starts[i] = (struct partition_start){loop->wanted[i], loop->claimed[i].from_offset};
	}
	loop->claim_wanted = false;
	loop->has_claimed = true;
	loop->reclaim_at_us = 0;
	loop->io.ops->source_assign(loop->io.self, starts, loop->wanted_count);
	log_info("kafka: %zu partitions claimed", loop->wanted_count);
}

/*
 * Somebody claimed partitions that the group says are ours. Either the group has moved on and we shall hear of it, within
 * a session; or it was a late claim of one who has lost them since, and nobody would read them: then claim anew.
 */
void loop_look_after_claims(struct loop *loop)
{
	size_t count = loop_assigned(loop);
	if (!loop->is_member || loop->claim_wanted || count == loop->wanted_count) {
		loop->reclaim_at_us = 0;
		return;
	}
	if (loop->reclaim_at_us == 0) {
		int64_t session_us = loop->options->conf->kafka.session_ms * 1000;
		loop->reclaim_at_us = loop_now_us(loop) + session_us +
				      (int64_t)(loop->io.ops->random(loop->io.self) % (uint64_t)session_us);
	} else if (loop_now_us(loop) >= loop->reclaim_at_us) {
		log_warning("kafka: %zu of %zu partitions were claimed by another daemon and not revoked, "
			    "claiming anew",
			    loop->wanted_count - count, loop->wanted_count);
		loop->claim_wanted = true;
	}
}
