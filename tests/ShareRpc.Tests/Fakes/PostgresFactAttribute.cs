namespace ShareRpc.Tests.Fakes;

/// <summary>Needs PostgreSQL: where there is none the test is skipped, on a build machine it fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = TestPostgres.SkipReason;
}
