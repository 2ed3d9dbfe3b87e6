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

    private static readonly bool IsDebugBuild =
        typeof(BrokenRule).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    private static readonly string[] Names =
        IsDebugBuild ? Environment.GetEnvironmentVariable("SHARERPC_BROKEN")?.Split(',') ?? [] : [];

    public static bool Is(string name) => Names.Length > 0 && Names.Contains(name);
}
