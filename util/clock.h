#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H
/*
 * clock - monotonic time for limits, wall time for what people and Postfix read. A test can hold
 * both still and move them.
 */
#include <stdint.h>
#include <sys/time.h>

int64_t clock_ms(void);                             /* monotonic milliseconds */
struct timeval clock_wall(void);                    /* like gettimeofday(2) */
void clock_freeze(int64_t ms, struct timeval wall); /* tests only */
void clock_advance(int64_t ms);                     /* tests only: both move */
void clock_thaw(void);

#endif
