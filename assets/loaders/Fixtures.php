<?php
// Written by `hookglass export --with php`: the fixtures in this folder, for your own tests. Send each
// request of Fixtures::all() to your handler, with its test key as the secret.

declare(strict_types=1);

final class Fixtures
{
    // Providers that sign only the body: HMAC-SHA256 as lowercase hex.
    public const PLAIN = [{{plain}}];

    /** @return array<string, array{array<string, mixed>}> */
    public static function all(): array
    {
        $found = [];
        foreach (glob(__DIR__ . '/*.json') as $path) {
            $content = json_decode(file_get_contents($path), true, 512, JSON_THROW_ON_ERROR);
            if (is_array($content) && ($content['schema'] ?? null) === 'hookglass.fixture/1') {
                $found[$content['name']] = [$content];
            }
        }
        return $found;
    }

    public static function body(array $fixture): string
    {
        $request = $fixture['request'];
        return $request['body_base64'] === null
            ? $request['body']
            : base64_decode($request['body_base64'], true);
    }

    public static function header(array $fixture, string $wanted): ?string
    {
        foreach ($fixture['request']['headers'] as [$name, $value]) {
            if (strcasecmp($name, $wanted) === 0) {
                return $value;
            }
        }
        return null;
    }
}
