import { Flex, Tag } from "antd";
import { useEntryName } from "../dictionaries/entries";
import { useTags } from "./api";

/** A customer's tags in their colours. */
export function TagChips({ tags }: { tags: string[] }) {
  const { index } = useTags();
  const nameOf = useEntryName();
  if (tags.length === 0) return null;
  return (
    <Flex gap={4} wrap component="span">
      {tags.map((code) => {
        const entry = index.byCode.get(code);
        return (
          <Tag key={code} color={entry?.color || undefined} style={{ margin: 0, borderRadius: 10 }}>
            {entry ? nameOf(entry) : code}
          </Tag>
        );
      })}
    </Flex>
  );
}
