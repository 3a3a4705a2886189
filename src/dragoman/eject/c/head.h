#ifndef DRAGOMAN_H
#define DRAGOMAN_H

/* @about@

   dragoman *d = dragoman_open();
   puts(dragoman_translate(d, "...", 0));
   dragoman_close(d);

   One translator serves one thread; open one for each. */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dragoman dragoman;

/* Make a translator; NULL where there is no memory. */
dragoman *dragoman_open(void);

/* Translate one line of UTF-8; bytes that are none are read as U+FFFD.
   beam_size: hypotheses kept, 1 is greedy, 0 is as the model was trained to be used.
   The answer is UTF-8 and stays until the next call with the same translator; NULL where there is no memory. */
const char *dragoman_translate(dragoman *translator, const char *source, int beam_size);

/* Give all memory back. */
void dragoman_close(dragoman *translator);

#ifdef __cplusplus
}
#endif
#endif
