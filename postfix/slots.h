#ifndef POSTFIX_SLOTS_H
#define POSTFIX_SLOTS_H
/*
 * slots - the deliveries that a service may have in progress at once, over all its processes: an
 * old one drains while its successor works already. Delivery i holds the lock on byte i of a file
 * that they share (F_OFD_SETLK); the kernel lets go of the locks of a process that ends, however it
 * ends. A process keeps the bytes that it once got until it drains or ends, so that in the usual
 * case, one process, a slot costs no system call. Any number of threads.
 */
#include <stdbool.h>
#include <stddef.h>

#define SLOTS_NONE ((size_t)-1)

struct slots;

/* The file for a service ("unix", "smtp") in pid/ of the working directory, made if need be. 0:
   warned about. As root, before chroot. */
int slots_open(const char *transport, const char *service);

/*
 * LIMIT slots over all processes, MOST of them for this one (0: no limit). FD from slots_open(), or
 * 0: no other process counts.
 */
struct slots *slots_new(int fd, size_t limit, size_t most);

/* A slot for one more delivery; SLOTS_NONE: not now. Doesn't wait. */
size_t slots_take(struct slots *slots);
void slots_give(struct slots *slots, size_t slot);

/* Has this process as many as it may have by itself? */
bool slots_full(struct slots *slots);

/* From now on it keeps nothing that it doesn't use: others take over. */
void slots_drain(struct slots *slots);

void slots_free(struct slots *slots); /* closes nothing. NULL is fine */

#endif
