using System.Diagnostics;
using System.Reflection;

namespace ShareRpc.Protocol.Diagnostics;

/// <summary>
/// Rules that a process breaks on purpose, so that tests show that their checker finds it: SHARERPC_BROKEN={name},...
/// Only in a Debug build. See CONTRIBUTING.md.
/// </summary>
internal static class BrokenRule
{
    /// <summary>A change of a root or creator ref does not wait for transactions that began before it.</summary>
    public const string NoGrace = "no-grace";

    /// <summary>A change of authority does not wait for other nodes.</summary>
    public const string NoConfirmation = "no-confirmation";

    /// <summary>A node serves whatever its lease says.</summary>
    public const string NoLease = "no-lease";

    /// <summary>Refs are read before the shares are locked.</summary>
    public const string RefsBeforeLock = "refs-before-lock";

    /// <summary>What a node has cached of a share is not proven.</summary>
    public const string CacheNotProven = "cache-not-proven";

    /// <summary>Leases go by the machine's wall clock.</summary>
    public const string LeaseByWallClock = "lease-by-wall-clock";

    /// <summary>Cursors come from a sequence (<c>broken_cursor</c>), which no rollback takes back.</summary>
    public const string CursorFromSequence = "cursor-from-sequence";

    /// <summary>A fold is stored wherever another node's fold has got to meanwhile.</summary>
    public const string FoldUnconditional = "fold-unconditional";

    /// <summary>A commit that comes back with a warning counts as one.</summary>
    public const string CommitWarningIgnored = "commit-warning-ignored";

    private static readonly bool IsDebugBuild =
        typeof(BrokenRule).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    private static readonly string[] Names =
        IsDebugBuild ? Environment.GetEnvironmentVariable("SHARERPC_BROKEN")?.Split(',') ?? [] : [];

    private static readonly AsyncLocal<string?> Here = new();
    private static volatile bool isAnyHere;

    public static bool Is(string name) =>
        (Names.Length > 0 && Names.Contains(name)) || (isAnyHere && Here.Value == name);

    /// <summary>Breaks a rule in what is called and started from here on, until it is called with null.</summary>
    public static void Break(string? name)
    {
        isAnyHere |= IsDebugBuild && name is not null;
        Here.Value = name;
    }
}
