static int wait(int n)
{
  return n * 3;
}

int other(int n)
{
  if (n < 0) return wait(-n);
  switch (n & 3) {
    case 0: return 1;
    case 1: return wait(n);
    default: return n / 7;
  }
}
