/** A reader as its group sees it. */
export interface GroupMember {
  /** Resolves when the partition is flushed and given up. */
  revoke(partition: number): Promise<void>;
  assign(partition: number): void;
}

interface Group {
  readonly partitions: number;
  members: GroupMember[];
  readonly owners: Map<number, GroupMember>;
  /** Rebalances run one after the other. */
  settled: Promise<void>;
}

/** Shares the partitions of a topic among the readers of a group in this process, as Kafka's coordinator does. */
export class GroupCoordinator {
  private readonly groups = new Map<string, Group>();

  /** Resolves when the member has its share. */
  join(groupId: string, topic: string, partitions: number, member: GroupMember): Promise<void> {
    const name = `${groupId}\n${topic}`;
    const group: Group = this.groups.get(name) ?? {
      partitions,
      members: [],
      owners: new Map(),
      settled: Promise.resolve(),
    };
    this.groups.set(name, group);
    group.members = [...group.members, member];
    return this.rebalance(group);
  }

  /** Resolves when all that the member had is given up and taken over. */
  leave(groupId: string, topic: string, member: GroupMember): Promise<void> {
    const group = this.groups.get(`${groupId}\n${topic}`);
    if (group?.members.includes(member) !== true) return Promise.resolve();
    group.members = group.members.filter((other) => other !== member);
    return this.rebalance(group);
  }

  private rebalance(group: Group): Promise<void> {
    group.settled = group.settled.then(async () => {
      const target = new Map<number, GroupMember>();
      for (let partition = 0; partition < group.partitions; partition += 1) {
        const member = group.members[partition % group.members.length];
        if (member !== undefined) target.set(partition, member);
      }
      const lost = [...group.owners].filter(([partition, owner]) => target.get(partition) !== owner);
      await Promise.all(
        lost.map(async ([partition, owner]) => {
          await owner.revoke(partition);
          group.owners.delete(partition);
        }),
      );
      for (const [partition, member] of target) {
        if (group.owners.has(partition)) continue;
        group.owners.set(partition, member);
        member.assign(partition);
      }
    });
    return group.settled;
  }
}
