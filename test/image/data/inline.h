int other(int n);
static inline unsigned twice(unsigned n)
{
  return n +
         n;
}
