using System.Globalization;
using ShareRpc.Protocol.Ids;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// Names the ops of one atomic enqueue, which are a batch of their own: <c>id</c>, or <c>id@cursor</c> if the batch
/// expects the share's head there.
/// </summary>
internal static class OutboxGroup
{
    private const char Separator = '@';

    public static string New(long? expectedCursor) => expectedCursor is { } cursor
        ? string.Create(CultureInfo.InvariantCulture, $"{OpId.New()}{Separator}{cursor}") : OpId.New();

    public static long? ExpectedCursorOf(string? group)
    {
        int at = group?.IndexOf(Separator, StringComparison.Ordinal) ?? -1;
        return at < 0 ? null : long.Parse(group.AsSpan(at + 1), CultureInfo.InvariantCulture);
    }
}
