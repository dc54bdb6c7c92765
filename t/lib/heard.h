#ifndef T_HEARD_H
#define T_HEARD_H
/* heard - what the code under test logs, instead of stderr. One thread. */

/* From now on. */
void heard_start(void);

/* The lines since the last call, with their severity words and '|' between them; "" for none. */
const char *heard(void);

void heard_stop(void);

#endif
