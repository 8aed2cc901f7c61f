/*
 * DPDK's mempool for the benchmarks in Rust: calls that its headers define inline, and the loops that are timed, because only here can they
 * be inlined as they are for DPDK's users.
 *
 * A loop does what the loop in module `work::pool` does for everybody else. What `black_box` is there, `seen` is here.
 */

#define _GNU_SOURCE /* sched_getcpu */
#include <rte_config.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_pause.h>
#include <rte_ring.h>

enum {
	HELD = 32,  /* objects out at once */
	CHUNK = 64, /* objects that cross to the other core at once */
	LINE_BYTES = 64,
	SPINS = 1000, /* how often a waiting thread looks before it lets others run */
};

/* Everything that `objects` reaches may have been read and changed. */
static inline void seen(void *objects)
{
	__asm__ volatile("" : : "r"(objects) : "memory");
}

static inline void pause_once(unsigned *spins)
{
	if (*spins < SPINS) {
		++*spins;
		rte_pause();
	} else {
		sched_yield();
	}
}

/* Gives NULL, or why DPDK does not start. To be called once, from a thread whose affinity does not matter afterwards. */
const char *shim_start(void)
{
	char core[32];
	snprintf(core, sizeof(core), "0@%d", sched_getcpu());
	/* No huge pages, files, sockets or devices: what an ordinary process may have. */
	char *arguments[] = {
		"benches", "--lcores", core, "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "128",
		"--log-level=*:error", NULL,
	};
	int started = rte_eal_init(RTE_DIM(arguments) - 1, arguments);
	return started < 0 ? rte_strerror(rte_errno) : NULL;
}

/* Makes the calling thread one that mempools keep a cache for; 0 if that went well. */
int shim_enter_thread(void)
{
	return rte_thread_register();
}

void shim_leave_thread(void)
{
	rte_thread_unregister();
}

/* Writes to the object, so that its memory exists. */
static void write_all(struct rte_mempool *pool, void *argument, void *object, unsigned index)
{
	(void)argument, (void)index;
	memset(object, 1, pool->elt_size);
}

/* NULL, and `rte_errno`, if there is no memory. */
struct rte_mempool *shim_pool_new(unsigned objects, unsigned object_bytes, unsigned cache)
{
	static atomic_uint made;
	char name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof(name), "benches-%u", atomic_fetch_add(&made, 1));
	return rte_mempool_create(name, objects, object_bytes, cache, 0, NULL, NULL, write_all, NULL, SOCKET_ID_ANY,
				  RTE_MEMPOOL_F_NO_IOVA_CONTIG);
}

void shim_pool_free(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}

/* NULL if there is no free object. */
void *shim_get(struct rte_mempool *pool)
{
	void *object = NULL;
	return rte_mempool_get(pool, &object) == 0 ? object : NULL;
}

void shim_put(struct rte_mempool *pool, void *object)
{
	rte_mempool_put(pool, object);
}

struct rte_mempool_cache *shim_cache_new(unsigned objects)
{
	return rte_mempool_cache_create(objects, SOCKET_ID_ANY);
}

void shim_cache_free(struct rte_mempool *pool, struct rte_mempool_cache *cache)
{
	rte_mempool_cache_flush(cache, pool);
	rte_mempool_cache_free(cache);
}

/* Each loop gives the number of objects that it did not get; it should be 0. */

uint64_t shim_pairs(struct rte_mempool *pool, uint64_t times)
{
	uint64_t missed = 0;
	for (uint64_t i = 0; i < times; i++) {
		void *object;
		if (unlikely(rte_mempool_get(pool, &object) != 0)) {
			missed++;
			continue;
		}
		seen(&object);
		rte_mempool_put(pool, object);
	}
	return missed;
}

uint64_t shim_pairs_by(struct rte_mempool *pool, struct rte_mempool_cache *cache, uint64_t times)
{
	uint64_t missed = 0;
	for (uint64_t i = 0; i < times; i++) {
		void *object;
		if (unlikely(rte_mempool_generic_get(pool, &object, 1, cache) != 0)) {
			missed++;
			continue;
		}
		seen(&object);
		rte_mempool_generic_put(pool, &object, 1, cache);
	}
	return missed;
}

uint64_t shim_held32(struct rte_mempool *pool, uint64_t rounds, const uint8_t line[LINE_BYTES])
{
	void *held[HELD];
	for (uint64_t i = 0; i < rounds; i++) {
		for (unsigned taken = 0; taken < HELD; taken++) {
			if (unlikely(rte_mempool_get(pool, &held[taken]) != 0)) {
				rte_mempool_put_bulk(pool, held, taken);
				return (rounds - i) * HELD - taken;
			}
			memcpy(held[taken], line, LINE_BYTES);
		}
		seen(held);
		for (unsigned given = 0; given < HELD; given++)
			rte_mempool_put(pool, held[given]);
	}
	return 0;
}

uint64_t shim_bulk32(struct rte_mempool *pool, uint64_t rounds)
{
	void *held[HELD];
	uint64_t missed = 0;
	for (uint64_t i = 0; i < rounds; i++) {
		if (unlikely(rte_mempool_get_bulk(pool, held, HELD) != 0)) {
			missed += HELD;
			continue;
		}
		seen(held);
		rte_mempool_put_bulk(pool, held, HELD);
	}
	return missed;
}

/* A ring for one sender and one receiver. */
struct rte_ring *shim_ring_new(unsigned objects)
{
	static atomic_uint made;
	char name[RTE_RING_NAMESIZE];
	snprintf(name, sizeof(name), "benches-%u", atomic_fetch_add(&made, 1));
	return rte_ring_create(name, objects, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

void shim_ring_free(struct rte_ring *ring)
{
	rte_ring_free(ring);
}

/* Takes chunks of objects one by one and sends each chunk. */
void shim_send(struct rte_mempool *pool, struct rte_ring *ring, uint64_t chunks)
{
	void *chunk[CHUNK];
	for (uint64_t i = 0; i < chunks; i++) {
		for (unsigned taken = 0; taken < CHUNK; taken++) {
			unsigned spins = 0;
			while (unlikely(rte_mempool_get(pool, &chunk[taken]) != 0))
				pause_once(&spins);
		}
		unsigned spins = 0;
		while (rte_ring_sp_enqueue_bulk(ring, chunk, CHUNK, NULL) == 0)
			pause_once(&spins);
	}
}

/* Receives chunks and gives their objects back one by one. */
void shim_receive(struct rte_mempool *pool, struct rte_ring *ring, uint64_t chunks)
{
	void *chunk[CHUNK];
	for (uint64_t i = 0; i < chunks; i++) {
		unsigned spins = 0;
		while (rte_ring_sc_dequeue_bulk(ring, chunk, CHUNK, NULL) == 0)
			pause_once(&spins);
		for (unsigned given = 0; given < CHUNK; given++) {
			seen(&chunk[given]);
			rte_mempool_put(pool, chunk[given]);
		}
	}
}
