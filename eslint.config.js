import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['.cache/', '.interlock/', 'coverage/', 'native/tpm/build/', 'test/histories/']),
  {
    rules: { 'max-lines': ['error', 400] },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      // `import { type T }` leaves an import behind when the types are stripped, and the bundler follows it.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      // Refuses `Promise.withResolvers<void>()`.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
      // A port may answer at once and still promises.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A missing value fails the test at that very place.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What `beforeAll` assigns is missing in `afterAll` when it failed.
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
);
