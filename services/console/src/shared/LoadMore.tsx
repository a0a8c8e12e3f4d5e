// The end of an endless list: fetches the next page when it comes into view, and is a button for everybody else.
import { useEffect, useRef } from "react";
import { Button, Flex } from "antd";
import { useTranslation } from "react-i18next";

interface LoadMoreProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; isFetchNextPageError: boolean; fetchNextPage: () => unknown };
}

export function LoadMore({ query }: LoadMoreProps) {
  const { t } = useTranslation();
  const sentinel = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const automatic = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;

  useEffect(() => {
    const element = sentinel.current;
    if (!element || !automatic || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) fetchNextPage();
      },
      { rootMargin: "300px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [automatic, fetchNextPage]);

  if (!hasNextPage) return null;
  return (
    <Flex ref={sentinel} justify="center" style={{ padding: 16 }}>
      <Button onClick={() => fetchNextPage()} loading={isFetchingNextPage} danger={isFetchNextPageError}>
        {t(isFetchNextPageError ? "common.retry" : "common.loadMore")}
      </Button>
    </Flex>
  );
}
