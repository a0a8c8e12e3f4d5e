/** A pool's name in the language of the screen. */
export function poolName(pool: { nameZh: string; nameEn: string }, language: string): string {
  return language.startsWith("zh") ? pool.nameZh : pool.nameEn || pool.nameZh;
}
