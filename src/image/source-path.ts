/** How source files are named: as seen from the compile folder, so that a result says nothing about the machine that built it. */

const isAbsolute = (path: string): boolean => /^([\\/]|[A-Za-z]:[\\/])/.test(path);

function parts(path: string): string[] {
  const out: string[] = [];
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '.' || (part === '' && out.length > 0)) continue;
    if (part === '..' && out.length > 0 && out[out.length - 1] !== '..' && out[out.length - 1] !== '') out.pop();
    else out.push(part);
  }
  return out;
}

// eslint-disable-next-line complexity -- each form in which compilers write a path
export function fileName(name: string, folder: string | null, compileFolder: string | null): string {
  const joined = folder === null || folder === '' || isAbsolute(name) ? name : `${folder}/${name}`;
  const path = parts(joined);
  if (!isAbsolute(joined) || compileFolder === null || !isAbsolute(compileFolder)) {
    // A relative folder 0 is the (mapped away) compile folder itself.
    const base = compileFolder === null || isAbsolute(compileFolder) ? [] : parts(compileFolder).filter((p) => p !== '');
    const inside = base.length > 0 && base.every((p, i) => path[i] === p) && path.length > base.length;
    return (inside ? path.slice(base.length) : path).join('/');
  }
  const from = parts(compileFolder).filter((p, i) => p !== '' || i === 0);
  let common = 0;
  while (common < from.length && common < path.length - 1 && from[common] === path[common]) common++;
  // Sharing the root or the drive only: a relative path would not be any shorter or more private.
  if (common < 2) return path.join('/');
  return [...from.slice(common).map(() => '..'), ...path.slice(common)].join('/');
}
