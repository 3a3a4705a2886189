/* @about@

   cc -O2 -std=c99 -c @name@.c                               as a part of your program: see @name@.h
   cc -O2 -std=c99 -DDRAGOMAN_MAIN @name@.c -o @name@ -lm    as a program: a line in, a line out

   Made by `dragoman eject`; make it again rather than change it. */

#include "@name@.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Woverlength-strings"
#if defined(__OPTIMIZE__) && !defined(__clang__)
#pragma GCC optimize("O3") /* several numbers at once, which clang does at -O2 */
#endif
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define CHOOSE /* when opened: a processor that can do more at once, does */
#endif

enum { PAD, UNK, SOS, EOS };

